import type { Duplex, Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type Docker from 'dockerode'
import { SANDBOX_USER } from './create-options.ts'
import { demux } from './demux.ts'
import type { SandboxProcess, StartProcess } from './types.ts'

/** First says its number. Then as a command of the agent: early to go when memory runs out, less urgent than the runner. */
const PRELUDE =
  'echo $$ >&2; echo 900 2>/dev/null >/proc/self/oom_score_adj; unset NODE_COMPILE_CACHE; exec nice -n 5 "$0" "$@"'
const NUMBER_MS = 10_000

/**
 * Starts processes in a running container, as the agent's user and in the work tree. The engine gives them the container's
 * protection, and no way to end them: so each is known by its number, and killed by another.
 */
export function processStarter(docker: Docker, containerId: string): StartProcess {
  const container = docker.getContainer(containerId)

  return async ({ command, args, env }, signal) => {
    signal.throwIfAborted()
    const made = await container.exec({
      Cmd: ['/bin/sh', '-c', PRELUDE, command, ...args],
      Env: ['HOME=/tmp/home', 'CI=true', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      User: SANDBOX_USER,
      WorkingDir: '/workspace',
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
    })
    const stream = (await made.start({ hijack: true, stdin: true })) as Duplex
    // Errors of a cut connection reach the readers as the stream's end, and writers through their callback.
    stream.on('error', () => {})
    const { stdout, stderr } = demux(stream)
    try {
      const pid = await firstLine(stderr, signal)
      if (!/^[1-9]\d{0,9}$/.test(pid)) throw new Error('the process did not start')
      return { stdin: stream, stdout, stderr, stop: stopper(container, stream, pid) }
    } catch (error) {
      stream.destroy()
      throw error
    }
  }
}

/** Reads no further than the first line; what comes after it stays in the stream. */
async function firstLine(stream: Readable, signal: AbortSignal): Promise<string> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(NUMBER_MS)])
  let line = ''
  while (!deadline.aborted && !stream.readableEnded) {
    const byte: Buffer | null = stream.read(1)
    if (!byte) {
      await Promise.race([new Promise(resolve => stream.once('readable', resolve)), delay(100, null, { ref: false })])
      continue
    }
    if (byte[0] === 10) return line
    line += byte.toString('latin1')
    if (line.length > 20) break
  }
  signal.throwIfAborted()
  return line
}

function stopper(container: Docker.Container, stream: Duplex, pid: string): SandboxProcess['stop'] {
  let stopping: Promise<void> | null = null
  const kill = async () => {
    stream.destroy()
    try {
      const made = await container.exec({ Cmd: ['/bin/kill', '-KILL', pid], User: SANDBOX_USER })
      await made.start({ Detach: true })
    } catch {
      // The container is gone, and with it the process.
    }
  }
  return () => {
    stopping ??= kill()
    return stopping
  }
}
