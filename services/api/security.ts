import type { RequestHandler } from 'express'
import helmet from 'helmet'
import type { ApiDeps } from './deps.ts'

/**
 * Headers for everything that is served. Scripts only from this origin; inline styles, which the web app's components and
 * the docs page use; sockets to this origin, and to the others that are configured.
 */
export function securityHeaders({ publicUrl, origins }: Pick<ApiDeps, 'publicUrl' | 'origins'>): RequestHandler {
  const encrypted = publicUrl().startsWith('https:')
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'", ...(origins?.connect ?? [])],
        frameSrc: ["'self'", ...(origins?.frame ?? [])],
        workerSrc: ["'self'", 'blob:'],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    // A browser that has once seen it refuses plain HTTP for that host: only where all is encrypted.
    strictTransportSecurity: encrypted ? { maxAge: 31_536_000 } : false,
  })
}
