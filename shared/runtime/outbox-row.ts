import { z } from 'zod'

/** What the relay carries into Redis. The row's number makes the ids of jobs and gates unique. */
export const OutboxRow = z.discriminatedUnion('kind', [
  /** The task needs a job, held by a gate for each unfinished prerequisite. */
  z.object({ kind: z.literal('enqueue'), taskId: z.string() }),
  /** The task's success, or a removed edge, lets its dependants go on: remove the gates it holds. */
  z.object({ kind: z.literal('release'), taskId: z.string() }),
  /** The job of that number stands for nothing any more. */
  z.object({ kind: z.literal('discard'), taskId: z.string(), jobNumber: z.string() }),
  /** The project's line of applies has work. */
  z.object({ kind: z.literal('apply'), projectId: z.string() }),
])
export type OutboxRow = z.infer<typeof OutboxRow>
