import { z } from 'zod'
import { LIMITS } from '../domain/limits.ts'
import { TASK_STATES } from '../domain/task-state.ts'
import { Id, Time } from './common.ts'

/** What is told of a task's run, or of a turn's. */
const RUN_EVENTS = [...TASK_STATES, 'updated', 'claimed', 'iteration', 'checkpoint', 'step', 'check', 'apply'] as const
export type RunEvent = (typeof RUN_EVENTS)[number]

/**
 * Everything that is told about a project. A task's move is `task.<the state it moved to>`; a turn, which is no task, tells the same as
 * `turn.<state>` of its thread.
 */
export const EVENT_TYPES = [
  ...RUN_EVENTS.map(name => `task.${name}` as const),
  ...RUN_EVENTS.map(name => `turn.${name}` as const),
  'pipeline.running',
  'pipeline.done',
  'pipeline.failed',
  'pipeline.cancelled',
  'message.created',
  'message.read',
  'message.updated',
  'message.deleted',
  'thread.created',
  'project.created',
  'project.updated',
  'project.head',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

/** A change of a project, numbered without gaps. */
export const Event = z
  .object({
    seq: z.int(),
    type: z.string(),
    projectId: Id,
    taskId: Id.optional(),
    threadId: Id.optional(),
    at: Time,
    payload: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' })
export type Event = z.infer<typeof Event>

export const EventsQuery = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(LIMITS.http.eventsMax).default(LIMITS.http.eventsMax),
})

/**
 * Part of a message that is being written; replaced by the stored message of that id, never replayed. `reset`: begin anew. `output`: what
 * the commands print whose results the message will hold.
 */
export const Delta = z.object({
  threadId: Id,
  messageId: Id,
  text: z.string(),
  reset: z.boolean().optional(),
  output: z.boolean().optional(),
})
export type Delta = z.infer<typeof Delta>
