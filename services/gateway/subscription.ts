import type { Delta, Event } from '../../shared/contract/event.ts'
import type { Log } from '../../shared/runtime/log.ts'
import type { Feeds } from './feeds.ts'

/** Where a subscription's events go. */
export interface Sink {
  event(event: Event): void
  delta(delta: Delta): void
  /** So much waits to be sent already that more must wait: memory for a slow client is bounded. */
  congested(): boolean
}

export interface Subscription {
  /** Goes on sending: something is new, or the client has caught up. */
  pump(): void
  close(): void
}

/**
 * Sends one client the events of a project after number `after`, in order, each once: first those that are stored, then
 * as they come. It asks for the next ones only when the last were taken, so nobody waits for a slow client.
 */
export function subscribe(deps: {
  feeds: Feeds
  log: Log
  projectId: string
  after: number
  /** A number that the project's events have reached. */
  newest: number
  sink: Sink
}): Subscription {
  const { feeds, log, projectId, sink } = deps
  let cursor = deps.after
  let open = true
  let pumping = false
  let again = false

  const unfollow = feeds.follow(projectId, deps.newest, {
    wake: pump,
    delta: delta => {
      if (open && !sink.congested()) sink.delta(delta)
    },
    gone: close,
  })
  pump()
  return { pump, close }

  function pump(): void {
    again = true
    if (!pumping) void run()
  }

  async function run(): Promise<void> {
    pumping = true
    try {
      while (again && open && !sink.congested()) {
        again = false
        const events = await feeds.after(projectId, cursor)
        if (!open || events.length === 0) continue
        for (const event of events) {
          sink.event(event)
          cursor = event.seq
        }
        again = true
      }
    } catch (error) {
      // The feed wakes everybody again soon.
      log.warn({ err: error, projectId }, 'subscription.unread')
    } finally {
      pumping = false
    }
  }

  function close(): void {
    if (!open) return
    open = false
    unfollow()
  }
}
