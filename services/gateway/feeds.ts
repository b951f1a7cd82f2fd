import type { Delta, Event } from '../../shared/contract/event.ts'
import { LIMITS } from '../../shared/domain/limits.ts'
import type { Database } from '../../shared/runtime/db.ts'
import { type HintListener, ProjectHint } from '../../shared/runtime/hints.ts'
import type { Log } from '../../shared/runtime/log.ts'
import type { Names } from '../../shared/runtime/names.ts'
import { readEvents } from '../../shared/runtime/read-events.ts'

/** Somebody who follows a project. None of these may throw. */
export interface Follower {
  /** There may be events that it has not got. */
  wake(): void
  delta(delta: Delta): void
  /** The project was deleted. */
  gone(): void
}

/** The events of projects, as this process knows them: each new one is read once, however many follow its project. */
export interface Feeds {
  /** `newest` is a number that the project's events have reached. Gives what ends it. */
  follow(projectId: string, newest: number, follower: Follower): () => void
  /** Up to a batch of events after number `after`, in order; none where there is no newer one yet. */
  after(projectId: string, after: number): Promise<Event[]>
  start(): void
  stop(): void
}

const BATCH = 500
/** Newest events kept for those who are nearly up to date; who is further behind reads from the database. */
const KEPT = 1_000

interface Feed {
  followers: Set<Follower>
  /** Highest number known to exist. */
  newest: number
  /** The last events in order, without gaps, up to number `end`. */
  kept: Event[]
  end: number
  reading: boolean
  unlisten: () => void
}

export interface FeedDeps {
  db: Database
  listener: HintListener
  names: Names
  log: Log
  /** Milliseconds between two looks at what no hint told of. */
  catchUpMs?: number
}

export function createFeeds({ db, listener, names, log, catchUpMs = LIMITS.socket.catchUpMs }: FeedDeps): Feeds {
  const feeds = new Map<string, Feed>()
  const shared = new Map<string, Promise<Event[]>>()
  let timer: NodeJS.Timeout | undefined

  return {
    follow(projectId, newest, follower) {
      const feed = feeds.get(projectId) ?? open(projectId, newest)
      feed.followers.add(follower)
      rise(projectId, feed, newest)
      return () => {
        feed.followers.delete(follower)
        if (feed.followers.size === 0 && feeds.get(projectId) === feed) close(projectId, feed)
      }
    },
    async after(projectId, after) {
      const feed = feeds.get(projectId)
      if (!feed || after >= feed.newest) return []
      const first = feed.kept[0]
      if (first && first.seq <= after + 1) return feed.kept.slice(after + 1 - first.seq, after + 1 - first.seq + BATCH)
      return readShared(projectId, after)
    },
    start() {
      timer = setInterval(() => void catchUp(), catchUpMs)
    },
    stop() {
      clearInterval(timer)
      for (const [projectId, feed] of feeds) close(projectId, feed)
    },
  }

  function open(projectId: string, newest: number): Feed {
    const unlisten = listener.listen(names.channels.project(projectId), message => hear(projectId, message))
    const feed: Feed = { followers: new Set(), newest, kept: [], end: newest, reading: false, unlisten }
    feeds.set(projectId, feed)
    return feed
  }

  function close(projectId: string, feed: Feed): void {
    feed.unlisten()
    feeds.delete(projectId)
  }

  function hear(projectId: string, message: unknown): void {
    const feed = feeds.get(projectId)
    const hint = ProjectHint.safeParse(message)
    if (!feed || !hint.success) return
    if ('seq' in hint.data) rise(projectId, feed, hint.data.seq)
    else for (const follower of feed.followers) follower.delta(hint.data.delta)
  }

  function rise(projectId: string, feed: Feed, seq: number): void {
    feed.newest = Math.max(feed.newest, seq)
    if (feed.end < feed.newest && !feed.reading) void advance(projectId, feed)
  }

  /** Reads what is new, once for all followers. */
  async function advance(projectId: string, feed: Feed): Promise<void> {
    feed.reading = true
    try {
      while (feed.end < feed.newest) {
        const events = await readEvents(db, projectId, feed.end, BATCH)
        const last = events.at(-1)
        if (!last) return
        feed.kept = [...feed.kept, ...events].slice(-KEPT)
        feed.end = last.seq
        feed.newest = Math.max(feed.newest, feed.end)
        for (const follower of feed.followers) follower.wake()
      }
    } catch (error) {
      log.warn({ err: error, projectId }, 'feed.unread')
    } finally {
      feed.reading = false
    }
  }

  /** Hints get lost: the numbers in the database are what counts. Wakes also those who could not read before. */
  async function catchUp(): Promise<void> {
    // Those opened while the database answers were not asked about: that nothing is known of them does not mean that they are gone.
    const asked = [...feeds]
    if (asked.length === 0) return
    try {
      const ids = asked.map(([projectId]) => projectId)
      const rows = await db.prisma.eventCounter.findMany({ where: { projectId: { in: ids } } })
      const counters = new Map(rows.map(row => [row.projectId, Number(row.seq)]))
      for (const [projectId, feed] of asked) {
        const seq = counters.get(projectId)
        if (seq === undefined) for (const follower of [...feed.followers]) follower.gone()
        else {
          rise(projectId, feed, seq)
          for (const follower of feed.followers) follower.wake()
        }
      }
    } catch (error) {
      log.warn({ err: error }, 'feed.counters_unread')
    }
  }

  /** After a restart many clients come back with the same number. */
  function readShared(projectId: string, after: number): Promise<Event[]> {
    const key = `${projectId} ${after}`
    const known = shared.get(key)
    if (known) return known
    const reading = readEvents(db, projectId, after, BATCH).finally(() => shared.delete(key))
    shared.set(key, reading)
    return reading
  }
}
