import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CredentialsOptions, ensureCredentials } from '../../infra/bootstrap/credentials.ts'
import { type Database, openDatabase } from '../../shared/runtime/db.ts'
import { createTokens } from '../../shared/runtime/tokens.ts'
import { type FreshDatabase, freshDatabase } from '../support/servers.ts'

let database: FreshDatabase
let db: Database
let folder: string
let options: CredentialsOptions

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-credentials-'))
  database = await freshDatabase()
  db = openDatabase({ url: database.url, connections: 2 })
  const file = join(folder, 'data/credentials.json')
  const url = 'http://127.0.0.1:3000'
  options = { file, url, plan: 'pro', databaseUrl: database.url, redisUrl: 'redis://127.0.0.1:6379' }
})
afterEach(async () => {
  await db.close()
  await database.drop()
  rmSync(folder, { recursive: true })
})

test('the file holds an administrator and how to join, for its owner only', async () => {
  await ensureCredentials(options)
  expect(statSync(options.file).mode & 0o777).toBe(0o600)
  const { token, ...rest } = JSON.parse(readFileSync(options.file, 'utf8'))
  const { url, databaseUrl, redisUrl } = options
  expect(rest).toEqual({ url, gateway: url, databaseUrl, redisUrl })
  expect(await createTokens({ db }).authenticate(token, 'api')).toMatchObject({ role: 'admin' })
})

test('a file that others could read becomes private', async () => {
  await ensureCredentials(options)
  writeFileSync(options.file, '{}', { mode: 0o644 })
  await ensureCredentials(options)
  expect(statSync(options.file).mode & 0o777).toBe(0o600)
})

test('the token stays the same until it is revoked', async () => {
  const tokens = createTokens({ db })
  const first = await ensureCredentials(options)
  const second = await ensureCredentials(options)
  expect(second.token).toBe(first.token)
  const identity = await tokens.authenticate(first.token, 'api')
  await tokens.revoke(identity!.tokenId)
  const third = await ensureCredentials(options)
  expect(third.token).not.toBe(first.token)
  expect(await tokens.authenticate(third.token, 'api')).not.toBeNull()
})

test('every call gives a link that signs in once', async () => {
  const signIn = createTokens({ db }).redeemSignIn
  const links = [await ensureCredentials(options), await ensureCredentials(options)].map(access => access.signInLink)
  for (const link of links) {
    expect(link.startsWith(`${options.url}/signin#code=`)).toBe(true)
    const code = new URL(link).hash.slice('#code='.length)
    expect(await signIn(code)).toMatch(/^slw_/)
    expect(await signIn(code)).toBeNull()
  }
})
