import { createOptions, defaultSandboxLimits } from '../../services/worker/sandbox/create-options.ts'
import { docker } from '../support/servers.ts'
import type { Bench } from './measure.ts'

/** A baseline: the milliseconds that creating and starting a container of the tasks' image takes, with nothing done in it. */
export function bareContainers({ servers }: Bench['stage']): () => Promise<number> {
  const spec = { taskId: 'bare', epoch: 0, worker: 'bench', limits: defaultSandboxLimits() }
  const options = {
    ...createOptions(spec, { installation: 'bench', imageId: servers.sandboxImage }),
    Cmd: ['sleep', '60'],
    Entrypoint: [],
  }
  return async () => {
    const began = performance.now()
    const container = await docker().createContainer(options)
    await container.start()
    const ms = performance.now() - began
    await container.remove({ force: true })
    return ms
  }
}
