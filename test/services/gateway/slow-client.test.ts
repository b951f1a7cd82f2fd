import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFeeds, type Feeds } from '../../../services/gateway/feeds.ts'
import { type Sink, subscribe } from '../../../services/gateway/subscription.ts'
import type { HintListener } from '../../../shared/runtime/hints.ts'
import { createLog } from '../../../shared/runtime/log.ts'
import { eventually } from '../../support/eventually.ts'
import { connect, startGateway, startWorld, upTo, type World } from './support.ts'

const log = createLog('silent')
let world: World
let feeds: Feeds
/** Hints are given by hand. */
const listener: HintListener = { listen: () => () => {}, close: async () => {} }

beforeAll(async () => {
  world = await startWorld()
  feeds = createFeeds({ db: world.db, listener, names: world.names, log, catchUpMs: 50 })
  feeds.start()
})
afterAll(async () => {
  feeds.stop()
  await world.close()
})

/** A client that takes events only as long as fewer than `room` wait for it. */
function slowSink(room: number): Sink & { got: number[]; waiting: number } {
  const sink = {
    got: [] as number[],
    waiting: 0,
    event({ seq }: { seq: number }) {
      sink.got.push(seq)
      sink.waiting++
    },
    delta: () => {},
    congested: () => sink.waiting >= room,
  }
  return sink
}

test('a client that takes nothing is given one batch, and the rest when it goes on', async () => {
  const projectId = await world.project()
  await world.append(projectId, 3_000)
  const slow = slowSink(100)
  const fast = slowSink(Number.POSITIVE_INFINITY)
  const stalled = subscribe({ feeds, log, projectId, after: 0, newest: 3_000, sink: slow })
  const going = subscribe({ feeds, log, projectId, after: 0, newest: 3_000, sink: fast })
  await eventually(() => expect(fast.got).toEqual(upTo(3_000)))
  await world.append(projectId, 100)
  await eventually(() => expect(fast.got).toEqual(upTo(3_100)))
  expect(slow.got).toEqual(upTo(500))

  await eventually(() => {
    slow.waiting = 0
    stalled.pump()
    expect(slow.got).toEqual(upTo(3_100))
  })
  stalled.close()
  going.close()
})

test('a client that stops reading keeps nobody else waiting, and gets everything when it reads again', async () => {
  const gateway = await startGateway(world)
  const projectId = await world.project()
  const slow = connect(gateway.url, world.token)
  const fast = connect(gateway.url, world.token)
  await slow.subscribe(projectId)
  await fast.subscribe(projectId)
  // The TCP connection itself: what the client's kernel has not taken stays with the gateway.
  const { _socket: tcp } = (
    slow.socket.io.engine.transport as unknown as { ws: { _socket: import('node:net').Socket } }
  ).ws
  tcp.pause()
  for (let n = 0; n < 12; n++) await world.append(projectId, 250, { text: 'x'.repeat(8_000) })
  await eventually(() => expect(fast.events).toHaveLength(3_000))
  expect(slow.events.length).toBeLessThan(3_000)
  tcp.resume()
  await eventually(() => expect(slow.events).toHaveLength(3_000))
  expect(slow.events.map(event => event.seq)).toEqual(upTo(3_000))
  slow.close()
  fast.close()
  await gateway.stop()
})
