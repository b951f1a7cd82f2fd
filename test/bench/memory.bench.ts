import { spawn } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { draft } from '../support/engine.ts'
import { eventually } from '../support/eventually.ts'
import { docker } from '../support/servers.ts'
import { type System, startSystem } from '../support/system.ts'
import { type Bench, bench } from './measure.ts'
import { memoryOf, residentOf, samples } from './memory.ts'

const TASKS = 4

/** Resident memory of a worker process, idle and for each task that it runs, and of the tasks' containers. */
await bench('memory', async ({ stage, row }) => {
  const env = { NODE_ENV: 'production', LOG_LEVEL: 'warn' }
  const system = await startSystem({ services: 'api,gateway', env, stage })
  const worker = await system.start('worker')
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'])
  stage.onEnd(() => bare.kill())
  await pause(3_000)
  const idle = await samples(() => residentOf(worker.pid))
  const idleNode = await samples(() => residentOf(bare.pid!))
  row('Idle worker process, resident', 'MiB', { slipway: idle, baseline: idleNode }, 'idle node process')

  const containers = await runTasks(system)
  const busy = await samples(() => residentOf(worker.pid))
  const perTask = busy.map((mib, index) => (mib - idle[index]!) / TASKS)
  row('Worker process, for each running task', 'MiB', { slipway: perTask, baseline: idleNode }, 'idle node process')
  const held = await Promise.all(containers.map(memoryOf))
  const sleeping = await Promise.all(Array.from({ length: TASKS }, () => sleeper(stage)))
  const baseline = await Promise.all(sleeping.map(memoryOf))
  row('Container of a running task', 'MiB', { slipway: held, baseline }, 'container that sleeps')
})

/** Tasks that sleep in their containers; gives the containers. */
async function runTasks({ client, containers }: System): Promise<string[]> {
  const { id } = await client.createProject({ body: { name: 'Bench', source: { kind: 'sample' } } })
  const tasks = Array.from({ length: TASKS }, (_, index) => draft(`t${index}`, [], { plan: '```sh\nsleep 60\n```' }))
  await client.createTasks({ params: { id }, body: { tasks } })
  await client.acceptTasks({ params: { id }, body: {} })
  return eventually(async () => {
    const running = (await containers()).map(({ Id }) => Id)
    const asleep = await Promise.all(running.map(isAsleep))
    if (asleep.filter(Boolean).length < TASKS) throw new Error(`${asleep.filter(Boolean).length} tasks run`)
    return running
  })
}

async function isAsleep(id: string): Promise<boolean> {
  const { Processes } = (await docker().getContainer(id).top()) as { Processes: string[][] }
  return Processes.some(process => process.at(-1) === 'sleep 60')
}

async function sleeper({ servers, onEnd }: Bench['stage']): Promise<string> {
  const HostConfig = { NetworkMode: 'none', Init: true }
  const options = { Image: servers.sandboxImage, Entrypoint: [], Cmd: ['sleep', '60'], HostConfig }
  const container = await docker().createContainer(options)
  onEnd(() => container.remove({ force: true }))
  await container.start()
  return container.id
}
