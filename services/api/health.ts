import { access } from 'node:fs/promises'
import { Router } from 'express'
import type { ApiDeps } from './deps.ts'
import { databaseAnswers, orElse, redisAnswers } from './probe.ts'

/** `/healthz`: the process is alive. `/readyz`: it can do its work, or what keeps it from that. */
export function healthRoutes(deps: ApiDeps): Router {
  const router = Router()
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  router.get('/readyz', async (_request, response) => {
    const [database, redis, git, roles] = await Promise.all([
      databaseAnswers(deps.db),
      redisAnswers(deps.redis),
      orElse(false, async () => {
        await access(deps.repositories)
        return true
      }),
      orElse({ roles: false }, async () => (await deps.roles?.()) ?? {}),
    ])
    const checks: Record<string, boolean> = { database, redis, git, ...roles }
    const ready = Object.values(checks).every(Boolean)
    response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready', checks })
  })
  return router
}
