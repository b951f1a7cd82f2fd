import { createHash } from 'node:crypto'
import type { Request } from 'express'
import { LIMITS } from '../../shared/domain/limits.ts'
import { type Database, Prisma } from '../../shared/runtime/db.ts'
import type { Log } from '../../shared/runtime/log.ts'
import { Refused } from '../../shared/runtime/refused.ts'
import { problemOf } from './problems.ts'

/** An answer as it can be given again: byte by byte, so it is kept as text. */
export interface Stored {
  status: number
  /** Null: none. */
  json: string | null
}

export interface OnceRequest {
  tokenId: string
  key: string
  /** SHA-256 of what was asked for. */
  request: Buffer
}

/** The request's `Idempotency-Key` with what it stands for; null without one. */
export function onceRequest(request: Request, tokenId: string): OnceRequest | null {
  const key = request.get('idempotency-key')
  if (key === undefined) return null
  if (!/^[\x21-\x7e]+$/.test(key) || key.length > LIMITS.http.idempotencyKeyChars) {
    throw new Refused('invalid_request', 'The Idempotency-Key cannot be used.', [
      {
        path: 'Idempotency-Key',
        message: `must be 1 to ${LIMITS.http.idempotencyKeyChars} visible ASCII characters without spaces`,
      },
    ])
  }
  const asked = JSON.stringify([request.method, request.baseUrl + request.path, request.body ?? null])
  return { tokenId, key, request: createHash('sha256').update(asked).digest() }
}

/**
 * Does `work` once for a key: the first request takes the key before it does anything, and what it answered (a refusal
 * too) is given again to the same request for 24 hours. A failure of ours (500 and above) frees the key. A request whose
 * process died keeps it: whether its work was done is not known, so it is never done again.
 * @throws Refused `conflict` while the first one is under way, `idempotency_mismatch` for another request
 */
export async function once(
  { db, log }: { db: Database; log: Log },
  asked: OnceRequest,
  work: () => Promise<Stored>,
): Promise<Stored & { again: boolean }> {
  const earlier = await take(db, asked)
  if (earlier) return { ...earlier, again: true }
  const answered = await work().catch(error => ({ error, problem: problemOf(error) }))
  const answer =
    'problem' in answered ? { status: answered.problem.status, json: JSON.stringify(answered.problem) } : answered
  // The work is done and its answer true, whether or not it can be kept.
  await (answer.status >= 500 ? release(db, asked) : keep(db, asked, answer)).catch(error =>
    log.warn({ err: error }, 'idempotency.unkept'),
  )
  if ('error' in answered) throw answered.error
  return { ...answer, again: false }
}

/** Null: the key is ours now. Else what was answered to the same request. */
async function take(db: Database, asked: OnceRequest): Promise<Stored | null> {
  const { tokenId, key, request } = asked
  const taken = await db.prisma.$executeRaw`
    INSERT INTO idempotency_keys (token_id, key, request) VALUES (${tokenId}::uuid, ${key}, ${request})
    ON CONFLICT (token_id, key) DO UPDATE SET request = excluded.request, status = NULL, response = NULL, created_at = now()
    WHERE idempotency_keys.created_at < now() - ${LIMITS.http.idempotencyRetentionMs} * interval '1 millisecond'`
  if (taken > 0) return null
  const row = await db.prisma.idempotencyKey.findUnique({ where: { tokenId_key: { tokenId, key } } })
  if (row && !request.equals(row.request)) {
    throw new Refused('idempotency_mismatch', 'This Idempotency-Key was used for another request.')
  }
  if (row?.status == null) {
    throw new Refused(
      'conflict',
      'The first request with this Idempotency-Key has no answer yet. If it never gets one, the process that served it has ended: look whether it was done, and ask with another key if not.',
    )
  }
  return { status: row.status, json: row.response as string | null }
}

async function keep(db: Database, { tokenId, key }: OnceRequest, { status, json }: Stored): Promise<void> {
  const response = json ?? Prisma.DbNull
  await db.prisma.idempotencyKey.update({ where: { tokenId_key: { tokenId, key } }, data: { status, response } })
}

async function release(db: Database, { tokenId, key }: OnceRequest): Promise<void> {
  await db.prisma.idempotencyKey.deleteMany({ where: { tokenId, key } })
}

/** Forgets the answers that nobody can ask for any more; gives their number. */
export function forgetAnswers(db: Database): Promise<number> {
  return db.prisma.$executeRaw`
    DELETE FROM idempotency_keys
    WHERE created_at < now() - ${LIMITS.http.idempotencyRetentionMs} * interval '1 millisecond'`
}
