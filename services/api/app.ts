import express, { type Express } from 'express'
import { GIT_STORE_BASE } from '../../shared/contract/git-store.ts'
import { Refused } from '../../shared/runtime/refused.ts'
import type { Service } from '../../shared/runtime/service.ts'
import { accessLog } from './access-log.ts'
import type { ApiDeps } from './deps.ts'
import { docsRoutes } from './docs.ts'
import { gitHttpRoutes } from './git/http-routes.ts'
import { internalGitRoutes } from './git/internal-routes.ts'
import { createGitPolicy } from './git-access.ts'
import { createHandlers } from './handlers.ts'
import { healthRoutes } from './health.ts'
import { createHousekeeping } from './housekeeping.ts'
import { identify } from './identity.ts'
import { createMetrics } from './metrics.ts'
import { problemHandler } from './problems.ts'
import { QUEUE_BROWSER_PATH, queueBrowser } from './queue-browser.ts'
import { requestLimit, signInLimit } from './rate-limit.ts'
import { apiRoutes } from './register.ts'
import { createScope } from './scope.ts'
import { securityHeaders } from './security.ts'
import { webApp } from './web-app.ts'

export interface Api extends Service {
  /** What answers requests; whoever listens passes them on to it. */
  app: Express
}

/** The HTTP side of Slipway: API, git, docs, metrics and the web app's files. Listens on nothing itself. */
export function createApi(deps: ApiDeps): Api {
  const { log, tokens, git } = deps
  const stopping = new AbortController()
  const housekeeping = createHousekeeping(deps)
  const metrics = createMetrics(deps)
  const policy = createGitPolicy(deps)
  const handlers = createHandlers({ ...deps, scope: createScope(deps), stopping: stopping.signal })

  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  app.use(accessLog(deps), metrics.observe)
  app.use('/git', gitHttpRoutes({ store: git, ...policy }))
  app.use(GIT_STORE_BASE, internalGitRoutes({ store: git, ...policy }))
  app.use(securityHeaders(deps))
  app.use(healthRoutes(deps))
  app.get('/metrics', metrics.scrape)
  app.use(docsRoutes(deps))
  app.use(QUEUE_BROWSER_PATH, queueBrowser(deps))
  app.use(
    '/api/v1',
    identify({ tokens }),
    requestLimit({ ...deps, limit: deps.rateLimit }),
    apiRoutes({
      db: deps.db,
      log,
      handlers,
      checkAnswers: deps.environment !== 'production',
      signInLimit: signInLimit(deps),
    }),
  )
  app.use(webApp(deps))
  app.use(request => {
    throw new Refused('not_found', `There is nothing at ${request.method} ${request.path.slice(0, 200)}.`)
  })
  app.use(problemHandler(deps))

  return {
    app,
    start: housekeeping.start,
    async stop() {
      stopping.abort(new Refused('unavailable', 'The server is stopping; nothing was changed. Try again soon.'))
      await housekeeping.stop()
    },
  }
}
