import type { Duplex } from 'node:stream'
import type Docker from 'dockerode'
import { type CreateOptionsDeps, createOptions } from './create-options.ts'
import { demux } from './demux.ts'
import { isGone } from './engine.ts'
import { assertHardened } from './hardened.ts'
import { processStarter } from './start-process.ts'
import type { Container, ContainerExit, SandboxSpec } from './types.ts'

export type StartDeps = CreateOptionsDeps & { docker: Docker }

/**
 * Creates, checks, attaches and starts a container, in this order, so that nothing of its output is missed and an unprotected one
 * never runs. When anything fails, or `signal` aborts, nothing is left.
 * @throws NotHardened, what the engine says, or the signal's reason
 */
export async function startContainer(spec: SandboxSpec, deps: StartDeps, signal: AbortSignal): Promise<Container> {
  const { docker, imageId, runtime } = deps
  signal.throwIfAborted()
  // Not abortable itself: an aborted request may still make a container that nobody knows of.
  const made = await docker.createContainer(createOptions(spec, deps))
  const remove = remover(docker, made.id)
  try {
    signal.throwIfAborted()
    assertHardened(await made.inspect(), { spec, imageId, runtime })
    const stream = (await made.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    })) as unknown as Duplex
    // Errors of a cut connection reach the readers as the stream's end, and writers through their callback.
    stream.on('error', () => {})
    const exited = exitOf(made)
    await made.start()
    signal.throwIfAborted()
    return {
      id: made.id,
      stdin: stream,
      ...demux(stream),
      exited,
      startProcess: processStarter(docker, made.id),
      remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Starts to wait before the container starts, so that even the shortest life is seen. */
async function exitOf(container: Docker.Container): Promise<ContainerExit> {
  try {
    const { StatusCode } = (await container.wait({ condition: 'next-exit' })) as { StatusCode: number }
    const info = await container.inspect().catch(() => null)
    return { code: StatusCode, oomKilled: info?.State.OOMKilled ?? false }
  } catch {
    return { code: null, oomKilled: false }
  }
}

function remover(docker: Docker, id: string): () => Promise<void> {
  let removing: Promise<void> | null = null
  return () => {
    removing ??= removeContainer(docker, id).catch(error => {
      removing = null
      throw error
    })
    return removing
  }
}

/** Kills and removes a container with its volumes. One that is not there is no error. */
export async function removeContainer(docker: Docker, id: string): Promise<void> {
  const container = docker.getContainer(id)
  try {
    await container.remove({ force: true, v: true })
  } catch (error) {
    if (!isGone(error)) throw error
    await container.wait({ condition: 'removed' }).catch(() => {})
  }
}
