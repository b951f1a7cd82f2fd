import { Redis } from 'ioredis'
import pg from 'pg'
import { afterEach, expect, test } from 'vitest'
import { postgresContainer, redisContainer, type ServerContainer } from '../support/containers.ts'

const started: ServerContainer[] = []
afterEach(async () => {
  for (const server of started.splice(0)) await server.remove()
})

async function query(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

test('Postgres keeps its rows over a kill and a restart, at the same address', async () => {
  const server = await postgresContainer()
  started.push(server)
  await query(
    server.url,
    `INSERT INTO organizations (id, slug, name, plan) VALUES (gen_random_uuid(), 'kept', 'Kept', 'pro')`,
  )
  await server.kill()
  await expect(query(server.url, 'SELECT 1')).rejects.toThrow()
  await server.start()
  await server.restart()
  const { rows } = await query(server.url, 'SELECT slug FROM organizations')
  expect(rows).toEqual([{ slug: 'kept' }])
})

test('Redis forgets everything when it is flushed, and nothing when it is restarted', async () => {
  const server = await redisContainer()
  started.push(server)
  const client = new Redis(server.url)
  client.on('error', () => {})
  await client.set('kept', 'yes')
  await server.restart()
  expect(await client.get('kept')).toBe('yes')
  expect(await client.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction'])
  await client.flushall()
  expect(await client.get('kept')).toBeNull()
  client.disconnect()
})
