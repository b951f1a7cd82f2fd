import { z } from 'zod'
import { Id, type ProblemCode } from './common.ts'
import type { Delta, Event } from './event.ts'

/** Follow a project from the event after number `after` on. */
export const Subscribe = z.object({ projectId: Id, after: z.int().min(0).default(0) })
export type Subscribe = z.input<typeof Subscribe>
export const Unsubscribe = z.object({ projectId: Id })
export type Unsubscribe = z.infer<typeof Unsubscribe>

/** `seq` is the project's newest number at that moment; everything after `after`, or after `seq` where that is less, follows as events. */
export type SubscribeAck = { seq: number } | { error: { code: ProblemCode; message: string } }

export interface ServerToClient {
  event(event: Event): void
  delta(delta: Delta): void
}

export interface ClientToServer {
  subscribe(request: Subscribe, ack?: (answer: SubscribeAck) => void): void
  unsubscribe(
    request: Unsubscribe,
    ack?: (answer: { ok: true } | { error: { code: ProblemCode; message: string } }) => void,
  ): void
}
