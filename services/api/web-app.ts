import { existsSync } from 'node:fs'
import { join, sep } from 'node:path'
import express, { Router } from 'express'

/** Paths that belong to programs: an unknown one is told so, instead of getting the web app. */
const PROGRAMS = /^\/(api|git|socket\.io|internal|docs|metrics|openapi\.json|healthz|readyz)(\/|$)/

const MISSING = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Slipway</title>
<h1>Slipway is running</h1>
<p>Its web app has not been built yet: <code>make up</code> does that. The API is here already, and
<a href="/docs">described here</a>.</p></html>`

/**
 * The built web app. Files under `assets` have their content's hash in their name and are kept for good; the page itself is
 * asked for anew each time. Every other path that a browser opens gets the page, which knows its own routes.
 */
export function webApp({ webRoot }: { webRoot: string }): Router {
  const router = Router()
  const page = join(webRoot, 'index.html')
  const assets = join(webRoot, 'assets') + sep
  router.use(
    express.static(webRoot, {
      index: false,
      redirect: false,
      setHeaders: (response, path) => {
        response.set('Cache-Control', path.startsWith(assets) ? 'public, max-age=31536000, immutable' : 'no-cache')
      },
    }),
  )
  router.use((request, response, next) => {
    const opened =
      (request.method === 'GET' || request.method === 'HEAD') && request.accepts(['json', 'html']) === 'html'
    if (!opened || PROGRAMS.test(request.path)) next()
    else if (existsSync(page)) response.set('Cache-Control', 'no-cache').sendFile(page)
    else response.status(503).type('html').send(MISSING)
  })
  return router
}
