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
   * Removes the containers of a task's runs before this epoch; what verifies its apply stays.
   * @throws what the engine says, once all have been tried
   * @returns what was removed
   */
  removeOlder(taskId: string, epoch: number): Promise<SandboxInfo[]>
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

  async function list(...labels: string[]): Promise<SandboxInfo[]> {
    const filters = { label: [`${LABELS.installation}=${installation}`, ...labels] }
    const found = await docker.listContainers({ all: true, filters })
    return found.flatMap(({ Id: id, Labels, Created, State }) => {
      const identity = fromLabels(Labels)
      return identity ? [{ ...identity, id, startedAt: new Date(Created * 1_000), running: State === 'running' }] : []
    })
  }

  /** One that cannot be removed does not keep the others. */
  async function removeAll(containers: readonly SandboxInfo[], event: string): Promise<void> {
    const removals = containers.map(async ({ id, taskId, epoch, worker }) => {
      await removeContainer(docker, id)
      log.warn({ container: id, taskId, epoch, worker }, event)
    })
    const failed = (await Promise.allSettled(removals)).find(({ status }) => status === 'rejected')
    if (failed) throw (failed as PromiseRejectedResult).reason
  }

  return {
    start: async (spec, signal) => {
      const began = performance.now()
      const container = await startContainer(spec, { docker, installation, imageId: await prepare(), runtime }, signal)
      const { taskId, epoch } = spec
      log.info({ taskId, epoch, container: container.id, ms: Math.round(performance.now() - began) }, 'sandbox.started')
      return container
    },
    list: () => list(),
    remove: id => removeContainer(docker, id),
    removeOlder: async (taskId, epoch) => {
      const found = await list(`${LABELS.task}=${taskId}`)
      const older = found.filter(container => !container.line && container.epoch < epoch)
      await removeAll(older, 'sandbox.superseded')
      return older
    },
    reap: async isLive => {
      // The list before the question: a container that is listed belongs to a claim that the answer knows of.
      const found = await list()
      const live = await Promise.all(found.map(({ taskId, epoch }) => isLive(taskId, epoch)))
      const orphans = found.filter((_, i) => !live[i])
      await removeAll(orphans, 'sandbox.reaped')
      return orphans
    },
  }
}
