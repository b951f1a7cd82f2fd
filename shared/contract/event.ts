import { z } from 'zod'
import { LIMITS } from '../domain/limits.ts'
import { TASK_STATES } from '../domain/task-state.ts'
import { Id, Time } from './common.ts'

/** Everything that is told about a project. A task's move is `task.<the state it moved to>`. */
export const EVENT_TYPES = [
  ...TASK_STATES.map(state => `task.${state}` as const),
  'task.updated',
  'task.claimed',
  'task.iteration',
  'task.checkpoint',
  'task.step',
  'task.check',
  'task.apply',
  'message.created',
  'message.read',
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

/** Part of a message that is being written; replaced by the stored message, never replayed. `reset`: begin anew. */
export const Delta = z.object({ threadId: Id, messageId: z.string(), text: z.string(), reset: z.boolean().optional() })
export type Delta = z.infer<typeof Delta>
