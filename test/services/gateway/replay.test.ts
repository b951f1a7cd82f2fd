import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Hints } from '../../../shared/runtime/hints.ts'
import { eventually } from '../../support/eventually.ts'
import { random, scale } from '../../support/scale.ts'
import { connect, follow, startGateway, startWorld, type TestGateway, upTo, type World } from './support.ts'

let world: World
let gateway: TestGateway

beforeAll(async () => {
  world = await startWorld()
  gateway = await startGateway(world)
})
afterAll(async () => {
  await gateway.stop()
  await world.close()
})

describe('a client that subscribes', () => {
  test('gets what is stored in order, then what happens', async () => {
    const projectId = await world.project()
    await world.append(projectId, 1_203)
    const client = connect(gateway.url, world.token)
    expect(await client.subscribe(projectId)).toEqual({ seq: 1_203 })
    await eventually(() => expect(client.events).toHaveLength(1_203))
    await world.append(projectId, 2)
    await eventually(() => expect(client.events.map(event => event.seq)).toEqual(upTo(1_205)))
    expect(client.events[0]).toMatchObject({ type: 'task.updated', projectId, payload: { n: 0 } })
    client.close()
  })

  test('gets nothing that it has seen', async () => {
    const projectId = await world.project()
    await world.append(projectId, 10)
    const client = connect(gateway.url, world.token)
    expect(await client.subscribe(projectId, 7)).toEqual({ seq: 10 })
    await eventually(() => expect(client.events.map(event => event.seq)).toEqual([8, 9, 10]))
    client.close()
  })

  test('gets what happens from now on when it names a number that is not there yet', async () => {
    const projectId = await world.project()
    await world.append(projectId, 2)
    const client = connect(gateway.url, world.token)
    expect(await client.subscribe(projectId, 100)).toEqual({ seq: 2 })
    await world.append(projectId)
    await eventually(() => expect(client.events.map(event => event.seq)).toEqual([3]))
    client.close()
  })

  test('gets each event once when it subscribes twice, and none once it has unsubscribed', async () => {
    const projectId = await world.project()
    await world.append(projectId, 3)
    const client = connect(gateway.url, world.token)
    await client.subscribe(projectId, 3)
    await client.subscribe(projectId, 3)
    await world.append(projectId)
    await eventually(() => expect(client.events.map(event => event.seq)).toEqual([4]))
    expect(
      await new Promise(resolve => {
        client.socket.emit('unsubscribe', { projectId }, resolve)
      }),
    ).toEqual({ ok: true })
    await world.append(projectId)
    await client.subscribe(projectId, 5)
    await world.append(projectId)
    await eventually(() => expect(client.events.map(event => event.seq)).toEqual([4, 6]))
    client.close()
  })

  test('gets events also when every hint is lost', async () => {
    const projectId = await world.project()
    const client = connect(gateway.url, world.token)
    await client.subscribe(projectId)
    await world.append(projectId, 5, { hints: { ...world.hints, projectChanged: () => {} } })
    await eventually(() => expect(client.events.map(event => event.seq)).toEqual(upTo(5)))
    client.close()
  })

  test('gets them over long polling too', async () => {
    const projectId = await world.project()
    await world.append(projectId, 700)
    const client = connect(gateway.url, world.token, { transports: ['polling'] })
    await client.subscribe(projectId)
    await eventually(() => expect(client.events.map(event => event.seq)).toEqual(upTo(700)))
    client.close()
  })
})

test('clients that come at any time miss nothing and see nothing twice, over lost hints and restarts', async () => {
  const chance = random()
  const clientCount = scale(200)
  const eventCount = scale(50_000)
  const restarts = scale(50)
  const projects = [await world.project(), await world.project()]
  const port = Number(new URL(gateway.url).port)

  let dropped = 0
  const lossy: Hints = {
    ...world.hints,
    projectChanged(projectId, seq) {
      if (chance() < 0.2) dropped++
      else world.hints.projectChanged(projectId, seq)
    },
  }
  const followers: { projectId: string; client: ReturnType<typeof connect> }[] = []
  let cut = 0
  let appended = 0
  const write = async (projectId: string) => {
    for (let left = eventCount / projects.length / 2; left > 0; ) {
      const count = Math.min(left, 1 + Math.floor(chance() * 20))
      await world.append(projectId, count, { hints: lossy })
      left -= count
      appended += count
    }
  }
  const join = async () => {
    for (let n = 0; n < clientCount; n++) {
      const projectId = projects[n % projects.length]!
      const client = connect(gateway.url, world.token)
      client.socket.on('disconnect', () => cut++)
      follow(client, projectId)
      followers.push({ projectId, client })
      await pause(chance() * 40)
    }
  }
  const restart = async () => {
    for (let n = 0; n < restarts; n++) {
      await eventually(() => expect(followers.some(({ client }) => client.socket.connected)).toBe(true))
      await gateway.stop()
      gateway = await startGateway(world, { port })
      await pause(chance() * 200)
    }
  }
  // Two writers for each project, so that commits overtake each other.
  await Promise.all([...projects.map(write), ...projects.map(write), join(), restart()])

  expect(appended).toBe(eventCount)
  expect(dropped, 'hints were dropped').toBeGreaterThan(0)
  expect(cut, 'restarts cut connections').toBeGreaterThan(0)
  const all = upTo(eventCount / projects.length)
  for (const { projectId, client } of followers) {
    await eventually(() => expect(client.events.length).toBeGreaterThanOrEqual(all.length))
    expect(client.events.map(event => event.seq)).toEqual(all)
    expect(client.events.every(event => event.projectId === projectId)).toBe(true)
    client.close()
  }
})
