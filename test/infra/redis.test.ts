import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type EmbeddedRedis, startRedis } from '../../infra/bootstrap/redis.ts'
import type { RedisOptions } from '../../infra/bootstrap/redis-settings.ts'

let folder: string
const running: EmbeddedRedis[] = []
const clients: Redis[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-redis-'))
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  for (const server of running.splice(0)) await server.stop()
  rmSync(folder, { recursive: true })
})

async function start(more: Partial<RedisOptions> = {}): Promise<EmbeddedRedis> {
  const place = { dataDir: join(folder, 'redis'), logFile: join(folder, 'redis.log') }
  const server = await startRedis({ ...place, password: 'secret', installation: 'test', ...more })
  running.push(server)
  return server
}

function connect(url: string): Redis {
  const client = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0 })
  client.on('error', () => {})
  clients.push(client)
  return client
}

test('what was written is there after a stop and a start, at the same address', async () => {
  const first = await start()
  await connect(first.url).set('kept', 'yes')
  await first.stop()
  const second = await start({ port: first.port })
  expect(second.url).toBe(first.url)
  expect(await connect(second.url).get('kept')).toBe('yes')
})

test('it never evicts, writes its log every second, and listens on this machine alone', async () => {
  const client = connect((await start()).url)
  const setting = async (name: string) => ((await client.config('GET', name)) as string[])[1]
  expect(await setting('maxmemory-policy')).toBe('noeviction')
  expect(await setting('appendonly')).toBe('yes')
  expect(await setting('appendfsync')).toBe('everysec')
  expect(await setting('bind')).toBe('127.0.0.1')
})

test('nobody gets in without the password, which others on the machine cannot read', async () => {
  const { port } = await start()
  await expect(connect(`redis://127.0.0.1:${port}`).get('any')).rejects.toThrow(/NOAUTH/)
  expect(statSync(join(folder, 'redis/redis.conf')).mode & 0o777).toBe(0o600)
})

test('a taken port is not fought over', async () => {
  const first = await start()
  const second = await start({ port: first.port, dataDir: join(folder, 'other') })
  expect(second.port).not.toBe(first.port)
})
