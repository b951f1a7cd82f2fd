import { z } from 'zod'
import { LIMITS } from '../domain/limits.ts'
import { Id, nonEmpty, Time } from './common.ts'

export const CreateThread = z.strictObject({ title: nonEmpty(LIMITS.thread.titleChars) }).meta({ id: 'CreateThread' })
export type CreateThread = z.infer<typeof CreateThread>

export const Thread = z
  .object({
    id: Id,
    projectId: Id,
    kind: z.enum(['main', 'chat', 'task']),
    taskId: Id.nullable(),
    title: z.string(),
    /** A task's thread has its task's state; others are `idle` or `active`. */
    status: z.string(),
    createdAt: Time,
  })
  .meta({ id: 'Thread' })
export type Thread = z.infer<typeof Thread>

/** What a message holds beside its text: the calls of an assistant's message, the results of a tool's. */
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
    readAt: Time.nullable(),
    createdAt: Time,
  })
  .meta({ id: 'Message' })
export type Message = z.infer<typeof Message>

export const PostMessage = z
  .strictObject({ text: nonEmpty(LIMITS.thread.messageChars), mode: z.enum(['plan', 'build']).optional() })
  .meta({ id: 'PostMessage' })
export type PostMessage = z.infer<typeof PostMessage>

export const MessagesQuery = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(LIMITS.http.listMax).default(LIMITS.http.listMax),
})
