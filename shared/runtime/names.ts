/** Every name that stands in Redis. The prefix is in braces so that Redis Cluster keeps all keys of an installation on one node. */
export interface Names {
  /** BullMQ's prefix. */
  prefix: string
  queues: { tasks: string; gates: string; applies: string }
  channels: {
    /** Hints about a project's events, and its deltas. */
    project(projectId: string): string
    /** Something about a running task changed: its owner should look. */
    task(taskId: string): string
    /** Rows wait in the outbox. */
    outbox: string
  }
  /** Missing or foreign: Redis has lost what it knew. */
  sentinel: string
  rateLimit: string
}

export function createNames(prefix = '{slipway}'): Names {
  return {
    prefix,
    queues: { tasks: 'tasks', gates: 'gates', applies: 'applies' },
    channels: {
      project: projectId => `${prefix}:project:${projectId}`,
      task: taskId => `${prefix}:task:${taskId}`,
      outbox: `${prefix}:outbox`,
    },
    sentinel: `${prefix}:sentinel`,
    rateLimit: `${prefix}:rate:`,
  }
}

/** `n` is the number of the outbox row: an id is never used twice, since BullMQ takes a job over an old id for the old one. */
export const taskJobId = (taskId: string, n: bigint): string => `t_${taskId}_${n}`
export const gateJobId = (from: string, to: string, n: bigint): string => `g_${from}_${to}_${n}`
export const applyJobId = (projectId: string, n: bigint): string => `a_${projectId}_${n}`

/** The ref that holds what a run has stored; hidden from clones. */
export const checkpointRef = (taskId: string, epoch: bigint): string => `refs/slipway/${taskId}/e${epoch}`

/** What a task's job id says, or null where it is none. */
export function parseTaskJobId(jobId: string | undefined): { taskId: string; n: bigint } | null {
  const [, taskId, n] = jobId?.match(/^t_([0-9a-f-]{36})_(\d+)$/) ?? []
  return taskId === undefined || n === undefined ? null : { taskId, n: BigInt(n) }
}
