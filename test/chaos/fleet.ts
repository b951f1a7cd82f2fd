import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { LIMITS } from '../../shared/domain/limits.ts'
import { eventually } from '../support/eventually.ts'
import type { System, SystemProcess } from '../support/system.ts'

/** What was done to a system, so that a test can say that it happened. */
export interface Faults {
  /** Workers killed while they held a running task. */
  kills: number
  /** Workers stopped beyond their lease, while they held one, and let go. */
  pauses: number
  apiKills: number
  /** Keys that FLUSHALL threw away. */
  flushedKeys: number
  /** Names of the workers that were killed or stopped. */
  workers: Set<string>
  /** Milliseconds from a kill until another worker held each of the tasks. */
  recoveries: number[]
}

/** Worker processes of a system that are killed, paused and replaced. */
export class Fleet {
  readonly faults: Faults = { kills: 0, pauses: 0, apiKills: 0, flushedKeys: 0, workers: new Set(), recoveries: [] }
  readonly #system: System
  readonly #env: Record<string, string>
  readonly #recovering: Promise<void>[] = []
  #workers: SystemProcess[] = []
  #api: SystemProcess

  constructor(system: System, env: Record<string, string> = {}) {
    this.#system = system
    this.#env = env
    this.#api = system.main
  }

  async grow(count: number): Promise<void> {
    const added = Array.from({ length: count }, () => this.#system.start('worker', this.#env))
    this.#workers.push(...(await Promise.all(added)))
  }

  /** Kills a worker in the middle of a run and starts another in its place; `settled` waits until its tasks are in other hands. */
  async kill(pick: number): Promise<void> {
    const { victim, held } = await this.#busy(pick)
    this.faults.workers.add(victim.name)
    process.kill(victim.pid, 'SIGKILL')
    const at = performance.now()
    this.faults.kills++
    this.#workers = this.#workers.filter(worker => worker !== victim)
    this.#recovering.push(...held.map(task => this.#recovered(task, at)))
    await this.grow(1)
  }

  /** Kills any worker, whatever it does, and starts another in its place. */
  async killIdle(pick: number): Promise<void> {
    const victim = this.#workers[Math.floor(pick * this.#workers.length)]!
    this.faults.workers.add(victim.name)
    process.kill(victim.pid, 'SIGKILL')
    await victim.exited
    this.#workers = this.#workers.filter(worker => worker !== victim)
    await this.grow(1)
  }

  /** All tasks of killed and stopped workers have gone on, and the stopped ones as well. */
  async settled(): Promise<void> {
    await Promise.all(this.#recovering)
  }

  /**
   * Stops a worker for longer than its lease while it runs a task, then lets it go on: what it writes then comes too late. Other faults
   * may strike meanwhile; `settled` waits for the end of it.
   */
  async freeze(pick: number): Promise<void> {
    const { victim, held } = await this.#busy(pick)
    this.faults.workers.add(victim.name)
    process.kill(victim.pid, 'SIGSTOP')
    const at = performance.now()
    this.#workers = this.#workers.filter(worker => worker !== victim)
    const recovered = Promise.all(held.map(task => this.#recovered(task, at)))
    const thawed = recovered.finally(() => process.kill(victim.pid, 'SIGCONT'))
    this.#recovering.push(
      thawed.then(() => {
        this.#workers.push(victim)
        this.faults.pauses++
      }),
    )
  }

  async killApi(): Promise<void> {
    process.kill(this.#api.pid, 'SIGKILL')
    await this.#api.exited
    this.faults.apiKills++
    this.#api = await this.#system.start('api,gateway')
  }

  /** An API that dies between the commit of the next accept and telling anybody of it. */
  async dieAfterCommit(accept: () => Promise<unknown>): Promise<void> {
    process.kill(this.#api.pid, 'SIGKILL')
    await this.#api.exited
    const doomed = await this.#system.start('api,gateway', { SLIPWAY_CRASH_AFTER_COMMIT: '1' })
    await accept().catch(() => {})
    await doomed.exited
    this.faults.apiKills++
    this.#api = await this.#system.start('api,gateway')
  }

  async flush(): Promise<void> {
    const redis = new Redis(this.#system.redisUrl)
    this.faults.flushedKeys += await redis.dbsize()
    await redis.flushall()
    redis.disconnect()
  }

  /** A worker that holds an active task, once there is one. */
  async #busy(pick: number): Promise<{ victim: SystemProcess; held: { id: string; epoch: bigint }[] }> {
    return eventually(
      async () => {
        const rows = await this.#system.db.prisma.task.findMany({
          where: { state: 'active', leaseOwner: { in: this.#workers.map(({ name }) => name) } },
          select: { id: true, epoch: true, leaseOwner: true, deaths: true },
        })
        // A task that was hit again and again is left to make a checkpoint: past ten it would rightly fail.
        const spared = new Set(rows.filter(row => row.deaths >= 3).map(row => row.leaseOwner))
        const owners = [...new Set(rows.map(row => row.leaseOwner))].filter(owner => !spared.has(owner))
        const owner = owners[Math.floor(pick * owners.length)]
        const victim = this.#workers.find(({ name }) => name === owner)
        if (!victim) throw new Error('no worker runs a task')
        return { victim, held: rows.filter(row => row.leaseOwner === owner) }
      },
      { timeoutMs: 30_000 },
    )
  }

  async #recovered({ id, epoch }: { id: string; epoch: bigint }, since: number): Promise<void> {
    await eventually(
      async () => {
        const task = await this.#system.db.prisma.task.findUniqueOrThrow({ where: { id } })
        if (task.state === 'active' && task.epoch === epoch)
          throw new Error(`Task ${id} is still held by the worker that died`)
      },
      { timeoutMs: 20 * LIMITS.engine.leaseMs },
    )
    this.faults.recoveries.push(performance.now() - since)
  }
}

/** Runs `fault` again and again, with a random pause between, until it says that it is enough. */
export async function every(
  next: () => number,
  meanMs: number,
  enough: () => boolean,
  fault: () => Promise<void>,
): Promise<void> {
  while (!enough()) {
    await pause(meanMs * (0.5 + next()))
    if (!enough()) await fault()
  }
}
