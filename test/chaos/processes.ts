import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Engine } from '../support/engine.ts'
import { eventually } from '../support/eventually.ts'

export interface WorkerProcess {
  /** The name that its claims carry. */
  name: string
  pid: number
  /** As by kill -9. */
  kill(): Promise<void>
  /** Stopped in the middle of whatever it does (SIGSTOP), until `resume`. */
  pause(): void
  resume(): void
  /** SIGTERM; gives its exit code. */
  terminate(): Promise<number | null>
  alive(): boolean
}

export interface WorkerProcesses {
  /** The file into which its processes record their writes: it outlives them. */
  record: string
  start(): Promise<WorkerProcess>
  workers: WorkerProcess[]
}

/** What each worker is: it goes so many iterations, of so many milliseconds each, with a task. */
export interface WorkerOptions {
  workers: number
  iterations: number
  stepMs: number
}

/** Worker processes of an engine that a test may treat badly. Those that are left end with the test. */
export async function startWorkers(
  { databaseUrl, redisUrl, names }: Engine,
  { workers: count, iterations, stepMs }: WorkerOptions,
): Promise<WorkerProcesses> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-workers-'))
  const record = join(folder, 'writes.jsonl')
  const workers: WorkerProcess[] = []
  onTestFinished(async () => {
    for (const worker of workers) await worker.kill()
    await rm(folder, { recursive: true, force: true })
  })

  async function start(): Promise<WorkerProcess> {
    const name = `process-${workers.length + 1}`
    const readyFile = join(folder, `${name}.ready`)
    const child = spawn(process.execPath, [join(import.meta.dirname, 'worker-process.ts')], {
      env: {
        ...process.env,
        DATABASE_URL: databaseUrl,
        REDIS_URL: redisUrl,
        PREFIX: names.prefix,
        ITERATIONS: String(iterations),
        STEP_MS: String(stepMs),
        WORKER_NAME: name,
        PGAPPNAME: name,
        READY_FILE: readyFile,
        RECORD: record,
      },
      stdio: ['ignore', process.env.LOG_LEVEL ? 'inherit' : 'ignore', 'inherit'],
    })
    const worker = handle(child, name)
    workers.push(worker)
    await eventually(
      () => {
        if (!worker.alive()) throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}`)
        if (!existsSync(readyFile)) throw new Error(`${name} is not up`)
      },
      { timeoutMs: 60_000 },
    )
    return worker
  }

  for (let index = 0; index < count; index++) await start()
  return { record, workers, start }
}

function handle(child: ChildProcess, name: string): WorkerProcess {
  const exited = once(child, 'exit')
  const alive = () => child.exitCode === null && child.signalCode === null
  return {
    name,
    pid: child.pid!,
    alive,
    async kill() {
      if (alive()) child.kill('SIGKILL')
      await exited
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async terminate() {
      child.kill('SIGTERM')
      await exited
      return child.exitCode
    },
  }
}
