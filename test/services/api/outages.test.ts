import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { redisUrl } from '../../support/servers.ts'
import { startApi, type TestApi } from './support.ts'

/** A wire to a server that can be cut: then nobody answers at its port, and open connections break. */
async function createWire(target: string) {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const server = createServer(near => {
    const far = connect(Number(port), hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far).pipe(near)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const own = (server.address() as AddressInfo).port
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String(own)
  return {
    url: url.href,
    async cut() {
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
    mend: () => new Promise<void>(resolve => server.listen(own, '127.0.0.1', resolve)),
  }
}
type Wire = Awaited<ReturnType<typeof createWire>>

describe('while Postgres is away', () => {
  let api: TestApi
  let wire: Wire
  let projectId: string

  beforeAll(async () => {
    // The wire is laid first and then given its end, as the database gets its name only in startApi.
    wire = await createWire(inject('servers').postgresUrl)
    api = await startApi({
      throughDatabase: url => new URL(new URL(url).pathname, wire.url).href,
    })
    projectId = (await api.admin.client.createProject({ body: { name: 'Away' } })).id
    await wire.cut()
  })
  afterAll(async () => {
    await wire.mend()
    await api.close()
    await wire.cut()
  })

  test.each([
    ['GET', '/api/v1/projects', undefined],
    ['POST', '/api/v1/projects', { name: 'Never' }],
    ['POST', '/api/v1/projects/:id/tasks/accept', {}],
  ])('%s %s is unavailable, and says when to ask again', async (method, path, body) => {
    const sent = await api.send(method, path.replace(':id', projectId), {
      body,
      headers: { 'idempotency-key': 'away' },
    })
    expect([sent.status, sent.json?.code], sent.text).toEqual([503, 'unavailable'])
    expect(Number(sent.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(sent.headers.get('content-type')).toContain('application/problem+json')
  })

  test('the process says that it lives, and that it is not ready', async () => {
    expect((await api.send('GET', '/healthz')).status).toBe(200)
    const ready = await api.send('GET', '/readyz')
    expect([ready.status, ready.json.checks.database]).toEqual([503, false])
    const { text } = await api.send('GET', '/metrics')
    expect(text).toMatch(/^slipway_outbox_rows nan$/im)
    expect(text).not.toContain('slipway_tasks{')
    expect(text).toMatch(
      /^slipway_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/projects",status="503"\} 1$/m,
    )
  })

  test('nothing was taken in memory, and all goes on when it is back', async () => {
    await wire.mend()
    await eventually(async () => expect((await api.send('GET', '/readyz')).status).toBe(200))
    expect(await api.db.prisma.project.count({ where: { name: 'Never' } })).toBe(0)
    const again = await api.send('POST', '/api/v1/projects', {
      body: { name: 'Back' },
      headers: { 'idempotency-key': 'away' },
    })
    expect(again.status).toBe(201)
    await wire.cut()
  })
})

describe('while Redis is away', () => {
  let api: TestApi
  let wire: Wire

  beforeAll(async () => {
    wire = await createWire(redisUrl())
    const redis = new Redis(wire.url, { retryStrategy: () => 50 })
    redis.on('error', () => {})
    api = await startApi({ redis, rateLimit: 40 })
    await wire.cut()
  })
  afterAll(async () => {
    await wire.mend()
    await api.close()
    await wire.cut()
  })

  test('work is accepted and waits in the outbox; only signing in has to wait', async () => {
    const { client } = api.admin
    const project = await client.createProject({ body: { name: 'No Redis' } })
    const params = { id: project.id }
    await client.createTasks({ params, body: { tasks: [{ key: 'a', title: 'A', plan: 'x' }] } })
    const { items } = await client.acceptTasks({ params, body: {} })
    expect(items).toMatchObject([{ state: 'queued' }])
    expect(await api.db.prisma.outbox.count()).toBe(1)
    expect(await client.opsOverview({})).toMatchObject({ redis: false, queues: [], database: true })
    expect((await api.send('GET', '/readyz')).json.checks).toMatchObject({ redis: false, database: true })

    const signIn = await api.send('POST', '/api/v1/auth/sign-in', { token: null, body: { code: 'x' } })
    expect([signIn.status, signIn.json.code]).toEqual([503, 'unavailable'])
  })

  test('limits are kept again as soon as it is back', async () => {
    await wire.mend()
    await eventually(async () => {
      const sent = await api.send('GET', '/api/v1/me', { token: api.member.token })
      expect(sent.status).toBe(429)
      expect(sent.json).toMatchObject({ code: 'rate_limited', status: 429 })
      expect(Number(sent.headers.get('retry-after'))).toBeGreaterThan(0)
    })
    expect((await api.send('GET', '/api/v1/me')).status, 'another token has its own').toBe(200)
    await wire.cut()
  })
})
