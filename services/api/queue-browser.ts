import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { ExpressAdapter } from '@bull-board/express'
import { type Request, Router } from 'express'
import { Refused } from '../../shared/runtime/refused.ts'
import type { ApiDeps } from './deps.ts'
import { bearerOf, requireAccess } from './identity.ts'

export const QUEUE_BROWSER_PATH = '/api/v1/ops/queues/ui'
const COOKIE = 'slipway_queues'
const SESSION_MS = 15 * 60_000

/**
 * Bull Board over the queues, for looking only: the truth is in Postgres. A browser sends no bearer token when it opens a
 * page, so an administrator's `POST session` first sets a cookie with a token of its own, which works for 15 minutes and
 * which nothing but these pages reads.
 */
export function queueBrowser({ queues, tokens, publicUrl }: Pick<ApiDeps, 'queues' | 'tokens' | 'publicUrl'>): Router {
  const router = Router()

  router.use(async (request, response, next) => {
    const token = bearerOf(request) ?? (request.method === 'GET' ? cookieOf(request) : null)
    response.locals.identity = token === null ? null : await tokens.authenticate(token, 'api')
    next()
  }, requireAccess('admin'))

  router.post('/session', async (_request, response) => {
    const { organizationId, userId } = response.locals.identity
    const expiresAt = new Date(Date.now() + SESSION_MS)
    const { token } = await tokens.issue({ kind: 'api', organizationId, userId, label: 'queue browser', expiresAt })
    response.cookie(COOKIE, token, {
      httpOnly: true,
      sameSite: 'strict',
      secure: publicUrl().startsWith('https:'),
      path: QUEUE_BROWSER_PATH,
      maxAge: SESSION_MS,
    })
    response.status(204).end()
  })

  router.use((request, _response, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') next()
    else throw new Refused('forbidden', 'The queues can only be looked at: Slipway rebuilds them from its database.')
  })

  const serverAdapter = new ExpressAdapter()
  serverAdapter.setBasePath(QUEUE_BROWSER_PATH)
  createBullBoard({ queues: queues.map(queue => new BullMQAdapter(queue, { readOnlyMode: true })), serverAdapter })
  router.use(serverAdapter.getRouter())
  return router
}

function cookieOf(request: Request): string | null {
  const cookies = (request.get('cookie') ?? '').split(/; */)
  return cookies.find(cookie => cookie.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? null
}
