import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type EmbeddedPostgres,
  type PostgresOptions,
  postmaster,
  startPostgres,
} from '../../infra/bootstrap/postgres.ts'
import { isRoot } from '../../infra/bootstrap/run.ts'

let folder: string
let options: PostgresOptions
const running: EmbeddedPostgres[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-postgres-'))
  chmodSync(folder, 0o755)
  options = {
    dataDir: join(folder, 'data/postgres'),
    fallbackDir: join(folder, 'fallback'),
    logFile: join(folder, 'postgres.log'),
    password: 'a secret: with/odd?characters',
    settings: ['fsync=off'],
  }
})
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop()
  rmSync(folder, { recursive: true })
})

async function start(more: Partial<PostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ ...options, ...more })
  running.push(server)
  return server
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

test('a server that is stopped and started again has its data and its port', async () => {
  const first = await start()
  await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer')
  await first.stop()
  await expect(query(first.url, 'SELECT 1')).rejects.toThrow()
  const second = await start({ port: first.port })
  expect(second.url).toBe(first.url)
  expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
})

test('a server that was left behind on the same data is replaced', async () => {
  const left = await start()
  const pid = await postmaster(left.dataDir)
  const next = await start()
  expect(await postmaster(next.dataDir)).not.toBe(pid)
  await left.process.exited
  expect(await query(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('nobody gets in without the password, and only from this machine', async () => {
  const { url } = await start()
  await expect(query(url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/password/)
  expect(await query(url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
})

test.runIf(isRoot())('where the server cannot reach the folder, it uses the other one', async () => {
  chmodSync(folder, 0o700)
  const elsewhere = mkdtempSync(join(tmpdir(), 'slipway-open-'))
  chmodSync(elsewhere, 0o755)
  const server = await start({ fallbackDir: join(elsewhere, 'fallback') })
  expect(server.dataDir).toBe(join(elsewhere, 'fallback/postgres'))
  expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  await server.stop()
  rmSync(elsewhere, { recursive: true })
})

test('a server that cannot start says why', async () => {
  await expect(start({ settings: ['shared_buffers=nonsense'] })).rejects.toThrow(/shared_buffers/)
})
