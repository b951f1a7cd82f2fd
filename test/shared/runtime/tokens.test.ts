import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../../shared/runtime/db.ts'
import { createTokens, ensureDefaultOrganization, type Tokens } from '../../../shared/runtime/tokens.ts'
import { type FreshDatabase, freshDatabase } from '../../support/servers.ts'

let fresh: FreshDatabase
let db: Database
let tokens: Tokens
let owner: { organizationId: string; userId: string }

beforeAll(async () => {
  fresh = await freshDatabase()
  db = openDatabase({ url: fresh.url })
  tokens = createTokens({ db })
  owner = await ensureDefaultOrganization(db, { plan: 'pro' })
})
afterAll(async () => {
  await db.close()
  await fresh.drop()
})

/** Another process: nothing is in its cache. */
const elsewhere = () => createTokens({ db })
const past = () => new Date(Date.now() - 1_000)

describe('an API token', () => {
  test('tells whose it is', async () => {
    const { id, token } = await tokens.issue({ kind: 'api', ...owner, label: 'cli' })
    expect(token).toMatch(/^slw_[A-Za-z0-9_-]{43}$/)
    expect(await tokens.authenticate(token, 'api')).toEqual({ tokenId: id, ...owner, role: 'admin' })
    expect(await tokens.authenticate(token, 'api')).toEqual({ tokenId: id, ...owner, role: 'admin' })
  })

  test('is stored only as its hash', async () => {
    const { id, token } = await tokens.issue({ kind: 'api', ...owner, label: 'cli' })
    const row = await db.prisma.token.findUniqueOrThrow({ where: { id } })
    expect(Buffer.from(row.hash)).toHaveLength(32)
    expect(JSON.stringify({ ...row, hash: Buffer.from(row.hash).toString('latin1') })).not.toContain(token.slice(4))
  })

  test('means nothing once revoked or expired', async () => {
    const revoked = await tokens.issue({ kind: 'api', ...owner, label: 'revoked' })
    const expired = await tokens.issue({ kind: 'api', ...owner, label: 'expired', expiresAt: past() })
    const kept = await tokens.issue({ kind: 'api', ...owner, label: 'kept' })
    expect(await tokens.authenticate(revoked.token, 'api')).not.toBeNull()
    await tokens.revoke(revoked.id)
    expect(await tokens.authenticate(revoked.token, 'api')).toBeNull()
    expect(await tokens.authenticate(expired.token, 'api')).toBeNull()
    expect(await tokens.live([revoked.id, expired.id, kept.id])).toEqual(new Set([kept.id]))
  })

  test('is taken for no other kind', async () => {
    const api = await tokens.issue({ kind: 'api', ...owner, label: 'api' })
    const worker = await tokens.issue({ kind: 'worker', label: 'worker' })
    const signin = await tokens.issue({ kind: 'signin', ...owner, label: 'link' })
    expect(await tokens.authenticate(api.token, 'worker')).toBeNull()
    expect(await tokens.authenticate(worker.token, 'api')).toBeNull()
    expect(await tokens.authenticate(signin.token, 'api')).toBeNull()
    expect(await tokens.authenticate(worker.token, 'worker')).toEqual({ tokenId: worker.id })
    expect(await tokens.redeemSignIn(api.token)).toBeNull()
  })

  test.each(['', 'slw_', 'slw_short', `slw_${'x'.repeat(43)}`, `slw_${'é'.repeat(43)}`, "slw_' OR 1=1 --"])(
    'is not %j',
    async token => expect(await tokens.authenticate(token, 'api')).toBeNull(),
  )
})

describe('a sign-in link', () => {
  test('works once, also when it is clicked twenty times at once', async () => {
    const { token } = await tokens.issue({ kind: 'signin', ...owner, label: 'link' })
    const answers = await Promise.all(Array.from({ length: 20 }, () => elsewhere().redeemSignIn(token)))
    const signedIn = answers.filter(answer => answer !== null)
    expect(signedIn).toHaveLength(1)
    expect(await tokens.authenticate(signedIn[0]!, 'api')).toMatchObject({ ...owner, role: 'admin' })
    expect(await tokens.redeemSignIn(token)).toBeNull()
  })

  test('does not work once expired', async () => {
    const { token } = await tokens.issue({ kind: 'signin', ...owner, label: 'link', expiresAt: past() })
    expect(await tokens.redeemSignIn(token)).toBeNull()
  })
})

describe('the default organization', () => {
  test('is made once by ten starts at once', async () => {
    const empty = await freshDatabase()
    const other = openDatabase({ url: empty.url })
    const made = await Promise.all(Array.from({ length: 10 }, () => ensureDefaultOrganization(other, { plan: 'core' })))
    expect(new Set(made.map(each => JSON.stringify(each))).size).toBe(1)
    expect(await other.prisma.organization.count()).toBe(1)
    expect(await other.prisma.user.findMany()).toMatchObject([{ role: 'admin' }])
    await other.close()
    await empty.drop()
  })

  test('takes the plan of each start', async () => {
    const again = await ensureDefaultOrganization(db, { plan: '7' })
    expect(again).toEqual(owner)
    const row = await db.prisma.organization.findUniqueOrThrow({ where: { id: owner.organizationId } })
    expect(row.plan).toBe('7')
    await expect(ensureDefaultOrganization(db, { plan: 'gold' })).rejects.toThrow(RangeError)
  })
})
