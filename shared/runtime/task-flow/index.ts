import { FlowProducer, type JobState, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { LIMITS } from '../../domain/limits.ts'
import { applyJobId, gateJobId, type Names, parseTaskJobId, taskJobId } from '../names.ts'

export interface TaskJob {
  taskId: string
  /** Number of the outbox row that asked for it. */
  n: bigint
  priority: number
  /** Its worker was lost: it has its slot already, so it goes before whatever waits for a worker. */
  takeOver?: boolean
  /** Unfinished prerequisites, each of which holds it back until its gate is released. */
  gates: readonly string[]
}

/**
 * The graph of tasks on BullMQ. Its flows are trees, so a task's prerequisites cannot be its children; instead each
 * unfinished prerequisite is a gate: a child of the task's own flow that nobody ever works on. Removing the last gate
 * makes the task's job runnable. Nothing here is truth: the claim checks everything again.
 */
export interface TaskFlow {
  add(jobs: readonly TaskJob[]): Promise<void>
  /** Removing a gate twice, or one that never was, does no harm. */
  release(gates: readonly { from: string; to: string; n: bigint }[]): Promise<void>
  discard(taskId: string, n: bigint): Promise<void>
  addApply(projectId: string, n: bigint): Promise<void>
  /** `unknown` where there is no such job. */
  stateOf(taskId: string, n: bigint): Promise<JobState | 'unknown'>
  /** All jobs of tasks, a page at a time. */
  list(): AsyncIterable<{ taskId: string; n: bigint }[]>
  /** Whether Redis still holds what this installation told it. */
  remembers(installation: string): Promise<boolean>
  markRemembered(installation: string): Promise<void>
  queues: readonly Queue[]
  close(): Promise<void>
}

/** A gate waits in the delayed set, from which it can be removed in logarithmic time, far beyond any task's life. */
const HELD_MS = 100 * 365 * 24 * 3_600_000
const PAGE = 1_000
/** A job says something once; what is left of it would only fill Redis. */
const FORGET = { removeOnComplete: true, removeOnFail: true, attempts: 1 }

export function createTaskFlow({ redis, names }: { redis: Redis; names: Names }): TaskFlow {
  const options = { connection: redis, prefix: names.prefix }
  const producer = new FlowProducer(options)
  const tasks = new Queue(names.queues.tasks, options)
  const gates = new Queue(names.queues.gates, options)
  const applies = new Queue(names.queues.applies, options)
  // Else BullMQ prints them; whoever made the connection logs its errors.
  producer.on('error', () => {})
  for (const queue of [tasks, gates, applies]) queue.on('error', () => {})

  /** A job whose last child was removed is put before all others by BullMQ, whatever its priority. */
  const keepPriority = async (jobId: string) => {
    const job = await tasks.getJob(jobId)
    const priority = job?.opts.priority
    if (job && priority && (await job.getState()) === 'waiting') await job.changePriority({ priority })
  }

  return {
    queues: [tasks, gates, applies],

    async add(jobs) {
      if (jobs.length === 0) return
      await producer.addBulk(
        jobs.map(({ taskId, n, priority, takeOver = false, gates: prerequisites }) => ({
          name: 'task',
          queueName: names.queues.tasks,
          data: { taskId },
          opts: {
            ...FORGET,
            jobId: taskJobId(taskId, n),
            priority: takeOver ? 1 : LIMITS.task.maxPriority - priority + 2,
          },
          children: prerequisites.map(from => ({
            name: 'gate',
            queueName: names.queues.gates,
            data: {},
            opts: { ...FORGET, jobId: gateJobId(from, taskId, n), delay: HELD_MS },
          })),
        })),
      )
    },

    async release(held) {
      await Promise.all(held.map(({ from, to, n }) => gates.remove(gateJobId(from, to, n))))
      await Promise.all([...new Set(held.map(({ to, n }) => taskJobId(to, n)))].map(keepPriority))
    },

    async discard(taskId, n) {
      const job = await tasks.getJob(taskJobId(taskId, n))
      // A job that a worker holds is locked; that worker learns at its claim or next write that it is not wanted.
      await job?.remove({ removeChildren: true }).catch(async (error: Error) => {
        if (!(await job.isActive())) throw error
      })
    },

    async addApply(projectId, n) {
      await applies.add('apply', { projectId }, { ...FORGET, jobId: applyJobId(projectId, n) })
    },

    async stateOf(taskId, n) {
      return tasks.getJobState(taskJobId(taskId, n))
    },

    async *list() {
      for (const type of ['waiting-children', 'delayed', 'prioritized', 'wait'] as const) {
        for (let start = 0; ; start += PAGE) {
          const ids = await tasks.getRanges([type], start, start + PAGE - 1)
          const jobs = ids.flatMap(id => parseTaskJobId(id) ?? [])
          if (jobs.length > 0) yield jobs
          if (ids.length < PAGE) break
        }
      }
    },

    async remembers(installation) {
      return (await redis.get(names.sentinel)) === installation
    },

    async markRemembered(installation) {
      await redis.set(names.sentinel, installation)
    },

    async close() {
      await Promise.all([producer.close(), tasks.close(), gates.close(), applies.close()])
    },
  }
}
