import { Router } from 'express'
import { serveFiles, setup } from 'swagger-ui-express'
import { createOpenApi } from '../../shared/contract/openapi.ts'
import type { ApiDeps } from './deps.ts'

/** `/openapi.json` and the page that shows it, `/docs`, which asks no other server for anything. */
export function docsRoutes({ version }: Pick<ApiDeps, 'version'>): Router {
  const router = Router()
  const document = createOpenApi({ version })
  router.get('/openapi.json', (_request, response) => {
    response.json(document)
  })
  const options = {
    customSiteTitle: 'Slipway API',
    swaggerOptions: { url: '/openapi.json', validatorUrl: null, persistAuthorization: false },
  }
  router.use('/docs', serveFiles(undefined, options), setup(undefined, options))
  return router
}
