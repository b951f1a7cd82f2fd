import { createHash } from 'node:crypto'
import type { RequestHandler } from 'express'
import { ipKeyGenerator, rateLimit } from 'express-rate-limit'
import type { Redis } from 'ioredis'
import { type RedisReply, RedisStore } from 'rate-limit-redis'
import type { Log } from '../../shared/runtime/log.ts'
import type { Names } from '../../shared/runtime/names.ts'
import { Refused } from '../../shared/runtime/refused.ts'
import { identityOf } from './identity.ts'

const WINDOW_MS = 60_000
const SIGN_INS_PER_WINDOW = 30
const REDIS_PATIENCE_MS = 500

interface LimitDeps {
  redis: Redis
  names: Names
  log: Log
}

/** So many requests a minute for one token; for one address where there is no valid token. Without Redis there is no limit. */
export function requestLimit({ limit, ...deps }: LimitDeps & { limit: number }): RequestHandler {
  return limiter(deps, {
    name: 'requests',
    limit,
    passOnStoreError: true,
    key: (request, response) => identityOf(response)?.tokenId ?? ipKeyGenerator(request.ip ?? ''),
  })
}

/** Few attempts to sign in a minute from one address. Without Redis nobody can, so that codes cannot be guessed meanwhile. */
export function signInLimit(deps: LimitDeps): RequestHandler {
  const limited = limiter(deps, {
    name: 'sign-in',
    limit: SIGN_INS_PER_WINDOW,
    passOnStoreError: false,
    key: request => ipKeyGenerator(request.ip ?? ''),
  })
  return (request, response, next) =>
    limited(request, response, (error?: unknown) => {
      if (error === undefined || error instanceof Refused) next(error)
      else next(new Refused('unavailable', 'Signing in does not work while Redis cannot be reached.'))
    })
}

function limiter(
  { redis, names, log }: LimitDeps,
  options: {
    name: string
    limit: number
    passOnStoreError: boolean
    key: (...args: Parameters<RequestHandler>) => string
  },
): RequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit: options.limit,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier: options.name,
    passOnStoreError: options.passOnStoreError,
    validate: false,
    logger: {
      error: error => log.warn({ err: error, limit: options.name }, 'limit.unknown'),
      warn: error => log.warn({ err: error, limit: options.name }, 'limit.warning'),
    },
    keyGenerator: (request, response) => options.key(request, response, () => {}),
    store: new RedisStore({ prefix: `${names.rateLimit}${options.name}:`, sendCommand: createSender(redis) }),
    handler: (_request, _response, next) =>
      next(
        new Refused('rate_limited', `At most ${options.limit} requests a minute: try again when the minute is over.`),
      ),
  })
}

/**
 * Sends the store's commands without ever waiting for a Redis that is away. The store loads its scripts once, when it is
 * made, and would be useless for good if that failed; so a script is kept here and sent whenever Redis does not know it.
 */
function createSender(redis: Redis): (...command: string[]) => Promise<RedisReply> {
  const scripts = new Map<string, string>()
  const send = (name: string, ...args: string[]) => redis.call(name, ...args) as Promise<RedisReply>
  return async (name = '', ...args) => {
    if (name === 'SCRIPT') {
      const sha = createHash('sha1')
        .update(args[1] ?? '')
        .digest('hex')
      scripts.set(sha, args[1] ?? '')
      return sha
    }
    if (redis.status !== 'ready') throw new Error(`Redis is ${redis.status}`)
    const reply = send(name, ...args).catch((error: Error) => {
      const script = scripts.get(args[0] ?? '')
      if (name !== 'EVALSHA' || !script || !error.message.startsWith('NOSCRIPT')) throw error
      return send('EVAL', script, ...args.slice(1))
    })
    return withPatience(reply)
  }
}

async function withPatience<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Redis does not answer')), REDIS_PATIENCE_MS)
  })
  try {
    return await Promise.race([promise, patience])
  } finally {
    clearTimeout(timer)
  }
}
