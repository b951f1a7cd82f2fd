import type { Delta } from '../../../../shared/contract/event.ts'

/** What can be under way in a thread: the agent's words, or what its command prints. */
export type StreamKind = 'reply' | 'output'

/** The text that is being written at this moment, by thread. */
export interface Streams {
  text(threadId: string, kind: StreamKind): string
  receive(delta: Delta): void
  /** What was stored in its place has arrived, or nothing more will come. */
  end(threadId: string, kind: StreamKind): void
  subscribe(listener: () => void): () => void
}

/** Of endless output only the end is kept. */
const KEPT_CHARS = 64 * 1024

/** Collects deltas and tells its listeners at most once per `schedule` call (a frame in the browser). */
export function createStreams(schedule: (tell: () => void) => void): Streams {
  const open = new Map<string, { messageId: string; text: string }>()
  const listeners = new Set<() => void>()
  let scheduled = false
  const tell = () => {
    if (scheduled) return
    scheduled = true
    schedule(() => {
      scheduled = false
      for (const listener of listeners) listener()
    })
  }
  const place = (threadId: string, kind: StreamKind) => `${kind} ${threadId}`
  return {
    text: (threadId, kind) => open.get(place(threadId, kind))?.text ?? '',
    receive: ({ threadId, messageId, text, reset, output }) => {
      const key = place(threadId, output ? 'output' : 'reply')
      const before = open.get(key)
      const goesOn = before?.messageId === messageId && !reset
      open.set(key, { messageId, text: (goesOn ? before.text + text : text).slice(-KEPT_CHARS) })
      tell()
    },
    end: (threadId, kind) => {
      if (open.delete(place(threadId, kind))) tell()
    },
    subscribe: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
