import type Docker from 'dockerode'
import { NotHardened } from './hardened.ts'
import { fromLabels, LABELS } from './labels.ts'
import { removeContainer, startContainer } from './start-container.ts'
import type { Container, SandboxInfo, SandboxSpec } from './types.ts'

export type SandboxDeps = {
  docker: Docker
  /** Name of the sandbox image. */
  image: string
  /** Id of this installation: other installations on the same engine are left alone. */
  installation: string
  /** An OCI runtime such as `runsc` instead of the engine's default. */
  runtime?: string | undefined
  log: { info(data: object, event: string): void; warn(data: object, event: string): void }
}

export type Sandbox = {
  /** Starts a task's container. @throws NotHardened, what the engine says, or the signal's reason; then nothing is left */
  start(spec: SandboxSpec, signal: AbortSignal): Promise<Container>
  /** All containers of this installation, running or not. */
  list(): Promise<SandboxInfo[]>
  /** Removes a container by its id; one that is not there is no error. */
  remove(id: string): Promise<void>
  /**
   * Removes this installation's containers whose run is not live any more.
   * @param isLive says whether an epoch still holds its task. When it throws (the database could not be read), nothing is
   *   removed and its error passes on
   * @returns what was removed
   */
  reap(isLive: (taskId: string, epoch: number) => boolean | Promise<boolean>): Promise<SandboxInfo[]>
}

/** Hardened containers for tasks, on any Docker engine. */
export function createSandbox({ docker, image, installation, runtime, log }: SandboxDeps): Sandbox {
  let ready: Promise<string> | null = null

  /** Once, again after a failure: the image by its id, and an engine that filters system calls. */
  function prepare(): Promise<string> {
    ready ??= check().catch(error => {
      ready = null
      throw error
    })
    return ready
  }

  async function check(): Promise<string> {
    const info = (await docker.info()) as { SecurityOptions?: string[] }
    const filters = info.SecurityOptions?.find(option => option.startsWith('name=seccomp'))
    if (!filters || /profile=unconfined/.test(filters)) throw new NotHardened(['seccomp in the engine'])
    return (await docker.getImage(image).inspect()).Id
  }

  async function list(): Promise<SandboxInfo[]> {
    const filters = { label: [`${LABELS.installation}=${installation}`] }
    const found = await docker.listContainers({ all: true, filters })
    return found.flatMap(({ Id: id, Labels, Created, State }) => {
      const identity = fromLabels(Labels)
      return identity ? [{ ...identity, id, startedAt: new Date(Created * 1_000), running: State === 'running' }] : []
    })
  }

  return {
    start: async (spec, signal) => {
      const began = performance.now()
      const container = await startContainer(spec, { docker, installation, imageId: await prepare(), runtime }, signal)
      const { taskId, epoch } = spec
      log.info({ taskId, epoch, container: container.id, ms: Math.round(performance.now() - began) }, 'sandbox.started')
      return container
    },
    list,
    remove: id => removeContainer(docker, id),
    reap: async isLive => {
      // The list before the question: a container that is listed belongs to a claim that the answer knows of.
      const found = await list()
      const live = await Promise.all(found.map(({ taskId, epoch }) => isLive(taskId, epoch)))
      const orphans = found.filter((_, i) => !live[i])
      await Promise.all(orphans.map(({ id }) => removeContainer(docker, id)))
      for (const { id, taskId, epoch, worker } of orphans)
        log.warn({ container: id, taskId, epoch, worker }, 'sandbox.reaped')
      return orphans
    },
  }
}
