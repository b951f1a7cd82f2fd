import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import { LIMITS, parallelLimit } from '../domain/limits.ts'
import type { Database, Sql } from './db.ts'

export type Role = 'admin' | 'member'

/** Who a bearer token speaks for. */
export interface Identity {
  tokenId: string
  organizationId: string
  userId: string
  role: Role
}

/** `api`: a person's bearer token · `signin`: becomes one, once · `worker`: the git store's internal routes. */
export type TokenKind = 'api' | 'signin' | 'worker'

interface Labelled {
  /** What the token is for, as its owner sees it. */
  label: string
  /** Absent: until it is revoked. */
  expiresAt?: Date
}

export type NewToken =
  | (Labelled & { kind: 'api' | 'signin'; organizationId: string; userId: string })
  | (Labelled & { kind: 'worker' })

/** What a token of each kind proves. A sign-in code proves nothing until it is used. */
export interface Proof {
  api: Identity
  worker: { tokenId: string }
}

export interface Tokens {
  /** The secret stands in the answer and nowhere else: only its SHA-256 is stored. */
  issue(token: NewToken): Promise<{ id: string; token: string }>
  /** Null for everything that is not a live token of that kind. A revocation elsewhere is seen within 5 s. */
  authenticate<K extends keyof Proof>(token: string, kind: K): Promise<Proof[K] | null>
  /** Exchanges the code of a sign-in link for an API token, once; null where it is used, expired or unknown. */
  redeemSignIn(code: string): Promise<string | null>
  revoke(id: string): Promise<void>
  /** Those of the given tokens that are neither revoked nor expired. */
  live(ids: readonly string[]): Promise<Set<string>>
}

const PREFIX: Record<TokenKind, string> = { api: 'slw_', signin: 'slw_signin_', worker: 'slw_worker_' }
const SECRET_BYTES = 32
const SHAPE: Record<TokenKind, RegExp> = {
  api: /^slw_[A-Za-z0-9_-]{43}$/,
  signin: /^slw_signin_[A-Za-z0-9_-]{43}$/,
  worker: /^slw_worker_[A-Za-z0-9_-]{43}$/,
}
const CACHE_MS = 5_000
const CACHE_ENTRIES = 10_000

export function createTokens({ db }: { db: Database }): Tokens {
  const cache = new Map<string, { proof: Proof[keyof Proof]; until: number }>()

  const remember = (key: string, proof: Proof[keyof Proof]) => {
    if (cache.size >= CACHE_ENTRIES) cache.clear()
    cache.set(key, { proof, until: Date.now() + CACHE_MS })
  }

  return {
    issue: token => insertToken(db.prisma, token),

    async authenticate<K extends keyof Proof>(token: string, kind: K) {
      if (!SHAPE[kind].test(token)) return null
      const hash = sha256(token)
      const key = `${kind} ${hash.toString('base64')}`
      const known = cache.get(key)
      if (known && known.until > Date.now()) return known.proof as Proof[K]
      cache.delete(key)
      const proof = await find(db.prisma, hash, kind)
      if (proof) remember(key, proof)
      return proof as Proof[K] | null
    },

    async redeemSignIn(code) {
      if (!SHAPE.signin.test(code)) return null
      return db.transaction(async sql => {
        const [used] = await sql.$queryRaw<{ organization_id: string; user_id: string }[]>`
          UPDATE tokens SET used_at = now()
          WHERE hash = ${sha256(code)} AND kind = 'signin' AND used_at IS NULL
            AND (expires_at IS NULL OR expires_at > now())
          RETURNING organization_id, user_id`
        if (!used) return null
        const { token } = await insertToken(sql, {
          kind: 'api',
          organizationId: used.organization_id,
          userId: used.user_id,
          label: 'browser',
          expiresAt: new Date(Date.now() + LIMITS.http.sessionMs),
        })
        return token
      })
    },

    async revoke(id) {
      await db.prisma.token.deleteMany({ where: { id } })
      for (const [key, { proof }] of cache) if (proof.tokenId === id) cache.delete(key)
    },

    async live(ids) {
      if (ids.length === 0) return new Set()
      const rows = await db.prisma.$queryRaw<{ id: string }[]>`
        SELECT id FROM tokens WHERE id = ANY(${[...ids]}::uuid[]) AND (expires_at IS NULL OR expires_at > now())`
      return new Set(rows.map(row => row.id))
    },
  }
}

/**
 * The organization that the installation starts with, and its administrator; makes what is missing, also when several
 * processes start at once. The organization's plan follows the setting at every start.
 * @throws RangeError for a plan that is none
 */
export async function ensureDefaultOrganization(
  db: Database,
  { plan }: { plan: string },
): Promise<{ organizationId: string; userId: string }> {
  parallelLimit(plan)
  return db.transaction(async sql => {
    // The update also locks the row, so that of two starters the second finds the first one's user.
    const [organization] = await sql.$queryRaw<{ id: string }[]>`
      INSERT INTO organizations (id, slug, name, plan) VALUES (${uuid()}::uuid, 'default', 'Default', ${plan})
      ON CONFLICT (slug) DO UPDATE SET plan = excluded.plan RETURNING id`
    const organizationId = organization!.id
    const admin =
      (await sql.user.findFirst({ where: { organizationId, role: 'admin' }, orderBy: [{ createdAt: 'asc' }] })) ??
      (await sql.user.create({ data: { id: uuid(), organizationId, name: 'Admin', role: 'admin' } }))
    return { organizationId, userId: admin.id }
  })
}

async function insertToken(sql: Sql, token: NewToken): Promise<{ id: string; token: string }> {
  const id = uuid()
  const secret = PREFIX[token.kind] + randomBytes(SECRET_BYTES).toString('base64url')
  await sql.token.create({ data: { ...token, id, hash: new Uint8Array(sha256(secret)) } })
  return { id, token: secret }
}

async function find(sql: Sql, hash: Buffer, kind: keyof Proof): Promise<Proof[keyof Proof] | null> {
  const [row] = await sql.$queryRaw<{ id: string; organization_id: string; user_id: string; role: Role }[]>`
    SELECT tokens.id, tokens.organization_id, tokens.user_id, users.role
    FROM tokens LEFT JOIN users ON users.id = tokens.user_id
    WHERE hash = ${hash} AND kind = ${kind} AND (expires_at IS NULL OR expires_at > now())`
  if (!row) return null
  if (kind === 'worker') return { tokenId: row.id }
  return { tokenId: row.id, organizationId: row.organization_id, userId: row.user_id, role: row.role }
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
