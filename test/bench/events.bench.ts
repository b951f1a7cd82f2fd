import { once } from 'node:events'
import { io } from 'socket.io-client'
import type { Event } from '../../shared/contract/event.ts'
import { createHints } from '../../shared/runtime/hints.ts'
import { createLog } from '../../shared/runtime/log.ts'
import { createNames } from '../../shared/runtime/names.ts'
import { connectRedis } from '../../shared/runtime/redis.ts'
import { createTaskStore } from '../../shared/runtime/task-store/index.ts'
import { type System, startSystem } from '../support/system.ts'
import { type Bench, bench, inTurns } from './measure.ts'

/** From an event's commit to its arrival at a socket.io client through a gateway process, beside a message through Redis alone. */
await bench('events', async ({ stage, row }) => {
  const env = { NODE_ENV: 'production', LOG_LEVEL: 'warn' }
  const system = await startSystem({ services: 'api,gateway', env, stage })
  const [slipway, baseline] = await Promise.all([throughGateway(system, stage), throughRedis(system, stage)])
  const measured = await inTurns(300, { slipway, baseline }, { withinMs: 12_000 })
  row('Event from its commit to the browser', 'ms', measured, 'bare Redis PUBLISH')
})

async function throughGateway(system: System, stage: Bench['stage']): Promise<() => Promise<number>> {
  const { client, url, token, db, redisUrl } = system
  const { id: projectId, mainThreadId } = await client.createProject({ body: { name: 'Bench' } })
  const log = createLog('silent')
  const redis = connectRedis(redisUrl, { log })
  stage.onEnd(() => redis.disconnect())
  let committedAt = 0
  const hints = createHints({ redis, names: createNames(), log })
  const store = createTaskStore({
    db,
    log,
    hints: {
      ...hints,
      projectChanged(...hint) {
        committedAt = performance.now()
        hints.projectChanged(...hint)
      },
    },
  })
  const socket = io(url, { auth: { token }, transports: ['websocket'] })
  stage.onEnd(() => socket.disconnect())
  let arrived = (_ms: number) => {}
  let after: number | undefined
  socket.on('event', (event: Event) => {
    if (event.seq > (after ?? 0)) arrived(performance.now() - committedAt)
  })
  await new Promise<void>(resolve => socket.once('connect', resolve))
  const { seq } = (await socket.emitWithAck('subscribe', { projectId, after: 0 })) as { seq: number }
  after = seq
  return async () => {
    const waited = new Promise<number>(resolve => {
      arrived = resolve
    })
    await store.postMessage(mainThreadId, 'Hello')
    return waited
  }
}

async function throughRedis({ redisUrl }: System, stage: Bench['stage']): Promise<() => Promise<number>> {
  const log = createLog('silent')
  const [publisher, subscriber] = [connectRedis(redisUrl, { log }), connectRedis(redisUrl, { log })]
  stage.onEnd(() => {
    publisher.disconnect()
    subscriber.disconnect()
  })
  await subscriber.subscribe('bare')
  return async () => {
    const began = performance.now()
    const heard = once(subscriber, 'message')
    await publisher.publish('bare', '{"seq":1}')
    await heard
    return performance.now() - began
  }
}
