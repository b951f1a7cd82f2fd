import { z } from 'zod'
import { LIMITS } from '../domain/limits.ts'
import { Id, nonEmpty, Time } from './common.ts'
import { Blocked } from './task.ts'

/** What a turn may do: only read and propose, or also change the project. */
export const TurnMode = z.enum(['plan', 'build'])
export type TurnMode = z.infer<typeof TurnMode>

export const CreateThread = z.strictObject({ title: nonEmpty(LIMITS.thread.titleChars) }).meta({ id: 'CreateThread' })
export type CreateThread = z.infer<typeof CreateThread>

export const Thread = z
  .object({
    id: Id,
    projectId: Id,
    kind: z.enum(['main', 'chat', 'task']),
    taskId: Id.nullable(),
    title: z.string(),
    /** A task's thread has its task's state; others are `idle`, or `queued`, `active`, `waiting`, `applying`, `failed`, `cancelled`. */
    status: z.string(),
    /** Why the agent does not go on. */
    blocked: Blocked.nullable(),
    /** Of what the agent is doing or did last; null for a task's thread, and where nothing was said yet. */
    mode: TurnMode.nullable(),
    /** Why the agent's last answer came to nothing, or could not become part of the main version. */
    failure: z.object({ code: z.string(), message: z.string() }).nullable(),
    createdAt: Time,
  })
  .meta({ id: 'Thread' })
export type Thread = z.infer<typeof Thread>

/**
 * What a message holds beside its text: the calls of an assistant's message, the results of a tool's; `summary`: the agent is
 * shown the text instead of what came before, up to that place in its history; `task`: a task that came of what
 * was said; `revise`: the drafts that the message asks to be revised, and the person's own words of it.
 */
export const MessagePart = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('call'),
    id: z.string(),
    name: z.string(),
    args: z.unknown().optional(),
    error: z.string().optional(),
  }),
  z.object({ type: z.literal('result'), callId: z.string(), name: z.string(), text: z.string() }),
  z.object({ type: z.literal('providerMetadata'), value: z.unknown() }),
  z.object({ type: z.literal('summary'), through: z.int() }),
  z.object({ type: z.literal('task'), taskId: Id, title: z.string() }),
  z.object({ type: z.literal('revise'), taskIds: z.array(Id), instruction: z.string() }),
])
export type MessagePart = z.infer<typeof MessagePart>

export const Message = z
  .object({
    id: Id,
    threadId: Id,
    seq: z.int(),
    role: z.enum(['user', 'assistant', 'tool', 'system']),
    text: z.string(),
    parts: z.array(MessagePart),
    /** Of a message to a thread without a task. */
    mode: TurnMode.nullable(),
    /** Null: not read yet, so it can still be changed or taken back. */
    readAt: Time.nullable(),
    createdAt: Time,
  })
  .meta({ id: 'Message' })
export type Message = z.infer<typeof Message>

/** `mode` is for threads without a task, `build` unless given; the answer to a question is taken in the mode of who asked. */
export const PostMessage = z
  .strictObject({ text: nonEmpty(LIMITS.thread.messageChars), mode: TurnMode.optional() })
  .meta({ id: 'PostMessage' })
export type PostMessage = z.infer<typeof PostMessage>

export const EditMessage = z.strictObject({ text: nonEmpty(LIMITS.thread.messageChars) }).meta({ id: 'EditMessage' })
export type EditMessage = z.infer<typeof EditMessage>

/** A message's number, as Postgres can hold it. */
const MessageSeq = z.coerce.number().int().min(0).max(2_147_483_647)

/** `after` and `cursor` are the same here: numbers of messages. */
export const MessagesQuery = z.object({
  after: MessageSeq.default(0),
  cursor: MessageSeq.optional(),
  limit: z.coerce.number().int().min(1).max(LIMITS.http.listMax).default(LIMITS.http.listMax),
})
