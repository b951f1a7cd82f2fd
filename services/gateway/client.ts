import type { Socket } from 'socket.io'
import type { z } from 'zod'
import type { ProblemCode } from '../../shared/contract/common.ts'
import { type ClientToServer, type ServerToClient, Subscribe, Unsubscribe } from '../../shared/contract/socket.ts'
import { LIMITS } from '../../shared/domain/limits.ts'
import type { Database } from '../../shared/runtime/db.ts'
import type { Log } from '../../shared/runtime/log.ts'
import { notFound, Refused } from '../../shared/runtime/refused.ts'
import type { Identity } from '../../shared/runtime/tokens.ts'
import type { Feeds } from './feeds.ts'
import { type Subscription, subscribe } from './subscription.ts'

export interface SocketData {
  identity: Identity
}
type NoEvents = Record<never, never>
export type ClientSocket = Socket<ClientToServer, ServerToClient, NoEvents, SocketData>

type Failure = { error: { code: ProblemCode; message: string } }

/** Messages that may wait for a client before it has to catch up by itself; a batch of events may come on top. */
const CONGESTED = 500
/** Requests of one client that are worked on at once. */
const REQUESTS = 20

/** Answers what a signed-in client asks for, until it goes away. */
export function serveClient(socket: ClientSocket, deps: { db: Database; feeds: Feeds; log: Log }): void {
  const { db, feeds, log } = deps
  const { organizationId } = socket.data.identity
  const subscriptions = new Map<string, Subscription>()
  let requests = 0
  const sink = {
    event: (event: Parameters<ServerToClient['event']>[0]) => void socket.emit('event', event),
    delta: (delta: Parameters<ServerToClient['delta']>[0]) => void socket.emit('delta', delta),
    congested: () => (socket.conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length >= CONGESTED,
  }

  const onDrain = () => {
    for (const subscription of subscriptions.values()) subscription.pump()
  }
  socket.conn.on('drain', onDrain)
  socket.once('disconnect', () => {
    socket.conn.off('drain', onDrain)
    for (const subscription of subscriptions.values()) subscription.close()
    subscriptions.clear()
  })

  socket.on('subscribe', (request, ack) =>
    answer(ack, async tell => {
      const { projectId, after } = parse(Subscribe, request)
      const newest = await newestOf(projectId)
      if (socket.disconnected) return
      if (!subscriptions.has(projectId) && subscriptions.size >= LIMITS.socket.subscriptions) {
        throw new Refused('limit_exceeded', `One client follows at most ${LIMITS.socket.subscriptions} projects.`)
      }
      subscriptions.get(projectId)?.close()
      // The answer goes out before the events that follow from it.
      tell({ seq: newest })
      // A number that is not there yet counts as the newest: what happens from now on is never held back.
      const from = Math.min(after, newest)
      subscriptions.set(projectId, subscribe({ feeds, log, projectId, after: from, newest, sink }))
    }),
  )

  socket.on('unsubscribe', (request, ack) =>
    answer(ack, async tell => {
      const { projectId } = parse(Unsubscribe, request)
      subscriptions.get(projectId)?.close()
      subscriptions.delete(projectId)
      tell({ ok: true })
    }),
  )

  /** Asked anew for every subscription: whose project it is, and the number of its newest event. */
  async function newestOf(projectId: string): Promise<number> {
    const counter = await db.prisma.eventCounter.findFirst({ where: { projectId, project: { organizationId } } })
    if (!counter) throw notFound('project')
    return Number(counter.seq)
  }

  /** Turns what `work` throws into an answer. Clients that want none get none. */
  async function answer<T>(
    ack: ((answer: T | Failure) => void) | undefined,
    work: (tell: (answer: T | Failure) => void) => Promise<void>,
  ): Promise<void> {
    const tell = typeof ack === 'function' ? ack : () => {}
    if (requests >= REQUESTS) {
      tell(failure(new Refused('rate_limited', 'Wait for the answers to earlier requests.')))
      return
    }
    requests++
    try {
      await work(tell)
    } catch (error) {
      if (!(error instanceof Refused)) log.error({ err: error }, 'socket.request_failed')
      tell(failure(error))
    } finally {
      requests--
    }
  }
}

function parse<T extends z.ZodType>(schema: T, request: unknown): z.output<T> {
  const parsed = schema.safeParse(request)
  if (parsed.success) return parsed.data
  throw new Refused(
    'invalid_request',
    parsed.error.issues.map(each => `${each.path.join('.')} ${each.message}`).join(', '),
  )
}

/** Only the database can fail here, and then nothing could be looked up. */
function failure(error: unknown): Failure {
  if (error instanceof Refused) return { error: { code: error.code, message: error.message } }
  return { error: { code: 'unavailable', message: 'That could not be looked up. Try again soon.' } }
}
