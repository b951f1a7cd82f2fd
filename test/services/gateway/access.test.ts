import { randomUUID } from 'node:crypto'
import { connect as dial } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { eventually } from '../../support/eventually.ts'
import { seenAs } from '../../support/seen-as.ts'
import { connect, startGateway, startWorld, type TestGateway, type World } from './support.ts'

let world: World
let gateway: TestGateway

beforeAll(async () => {
  world = await startWorld()
  gateway = await startGateway(world, { recheckMs: 100, catchUpMs: 100 })
})
afterAll(async () => {
  await gateway.stop()
  await world.close()
})

describe('a connection', () => {
  test.each([
    ['without a token', undefined],
    ['with a wrong one', `slw_${'x'.repeat(43)}`],
    ['with a number', 7],
  ])('is refused %s', async (_, token) => {
    const client = connect(gateway.url, token as string)
    const error = await new Promise<Error & { data?: unknown }>(resolve => client.socket.once('connect_error', resolve))
    expect(error.data).toEqual({ code: 'unauthorized' })
    client.close()
  })

  test('ends soon after its token was revoked', async () => {
    const user = await world.db.prisma.user.findFirstOrThrow()
    const owner = { organizationId: world.organizationId, userId: user.id }
    const { id, token } = await world.tokens.issue({ kind: 'api', ...owner, label: 'short' })
    const revoked = connect(gateway.url, token)
    const kept = connect(gateway.url, world.token)
    await eventually(() => expect([revoked.socket.connected, kept.socket.connected]).toEqual([true, true]))
    await world.tokens.revoke(id)
    await eventually(() => expect(revoked.socket.connected).toBe(false))
    expect(kept.socket.connected).toBe(true)
    kept.close()
  })

  test('ends with a message of more than 64 kB, and leaves the others alone', async () => {
    const projectId = await world.project()
    const loud = connect(gateway.url, world.token)
    const quiet = connect(gateway.url, world.token)
    await quiet.subscribe(projectId)
    await eventually(() => expect(loud.socket.connected).toBe(true))
    const cut = new Promise(resolve => loud.socket.once('disconnect', resolve))
    loud.socket.emit('subscribe', { projectId: 'x'.repeat(LIMITS.socket.messageBytes) })
    await cut
    loud.close()
    await world.append(projectId)
    await eventually(() => expect(quiet.events).toHaveLength(1))
    quiet.close()
  })
})

describe('a subscription', () => {
  test('to what one may not see is answered as if it were not there', async () => {
    const client = connect(gateway.url, world.token)
    const foreign = await world.project(await world.otherOrganization())
    const answers = await Promise.all([client.subscribe(foreign), client.subscribe(randomUUID())])
    const notFound = { error: { code: 'not_found', message: 'There is no such project.' } }
    expect(answers).toEqual([notFound, notFound])
    await world.append(foreign)
    const own = await world.project()
    await client.subscribe(own)
    await world.append(own)
    await eventually(() => expect(client.events.map(event => event.projectId)).toEqual([own]))
    client.close()
  })

  test.each([
    ['nothing', undefined],
    ['text', 'all'],
    ['no id', { projectId: 'x' }],
    ['a negative number', { projectId: randomUUID(), after: -1 }],
    ['a fraction', { projectId: randomUUID(), after: 0.5 }],
  ])('to %s is refused', async (_, request) => {
    const client = connect(gateway.url, world.token)
    const answer = await new Promise(resolve => {
      client.socket.emit('subscribe', request as never, resolve)
    })
    expect(answer).toMatchObject({ error: { code: 'invalid_request' } })
    client.close()
  })

  test('without a wish for an answer works, also a wrong one', async () => {
    const projectId = await world.project()
    const client = connect(gateway.url, world.token)
    client.socket.emit('subscribe', { projectId: 'nonsense' })
    client.socket.emit('subscribe', { projectId })
    client.socket.emit('subscribe', { projectId }, 'no function' as never)
    await world.append(projectId)
    await eventually(() => expect(client.events.at(-1)?.seq).toBe(1))
    client.close()
  })

  test('to more projects than allowed is refused', async () => {
    const client = connect(gateway.url, world.token)
    for (let n = 0; n < LIMITS.socket.subscriptions; n++) {
      expect(await client.subscribe(await world.project())).toEqual({ seq: 0 })
    }
    expect(await client.subscribe(await world.project())).toMatchObject({ error: { code: 'limit_exceeded' } })
    client.close()
  })

  test('ends with its project', async () => {
    const projectId = await world.project()
    const client = connect(gateway.url, world.token)
    await client.subscribe(projectId)
    await world.db.prisma.project.delete({ where: { id: projectId } })
    await eventually(async () =>
      expect(await client.subscribe(projectId)).toMatchObject({ error: { code: 'not_found' } }),
    )
    expect(client.socket.connected).toBe(true)
    client.close()
  })
})

test('deltas reach those who follow the project, and nobody else', async () => {
  const [followed, other] = [await world.project(), await world.project()]
  const follower = connect(gateway.url, world.token)
  const stranger = connect(gateway.url, world.token)
  await follower.subscribe(followed)
  await stranger.subscribe(other)
  const delta = { threadId: randomUUID(), messageId: randomUUID(), text: 'Let me ' }
  await eventually(() => {
    world.hints.delta(followed, delta)
    expect(follower.deltas[0]).toEqual(delta)
  })
  await eventually(() => {
    world.hints.delta(other, { ...delta, text: 'for others' })
    expect(stranger.deltas).not.toEqual([])
  })
  expect(stranger.deltas.every(each => each.text === 'for others')).toBe(true)
  expect(follower.deltas.every(each => each.text === delta.text)).toBe(true)
  follower.close()
  stranger.close()
})

test('who comes while the gateway looks for what hints did not tell of is not taken for gone', async () => {
  const looking = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  const slow = seenAs({
    calls: {
      'eventCounter.findMany': async (args, proceed) => {
        const rows = await proceed(args)
        looking.resolve()
        await answered.promise
        return rows
      },
    },
  })
  const own = await startGateway({ ...world, db: slow(world.db) }, { catchUpMs: 50 })
  const client = connect(own.url, world.token)
  await client.subscribe(await world.project())
  await looking.promise
  const late = await world.project()
  await client.subscribe(late)
  answered.resolve()
  await world.append(late, 3)
  await eventually(() => expect(client.events).toHaveLength(3))
  client.close()
  await own.stop()
})

test('upgrades of other paths are left to others of the same server', async () => {
  const asked = new Promise<string | undefined>(resolve => {
    gateway.httpServer.on('upgrade', (request, socket) => {
      if (request.url?.startsWith('/socket.io')) return
      resolve(request.url)
      setTimeout(() => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nhello'), 1_500)
    })
  })
  const { hostname, port } = new URL(gateway.url)
  const answer = await new Promise<string>(resolve => {
    const socket = dial(Number(port), hostname, () =>
      socket.write('GET /preview HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
    )
    let text = ''
    socket.on('data', data => {
      text += data
    })
    socket.on('close', () => resolve(text))
  })
  expect(await asked).toBe('/preview')
  expect(answer).toContain('hello')
})
