import { pipeline } from 'node:stream/promises'
import { type Request, type Response, Router } from 'express'
import { GitStoreError } from '../../../shared/runtime/git-store/errors.ts'
import type {
  LocalGitStore,
  PushGuard,
  RefUpdate,
  SmartRequest,
  Verdict,
} from '../../../shared/runtime/git-store/types.ts'

/** What a user name and token may do with a project; `not_found` also where it is another organization's. */
export type GitAccess = { projectId: string; canPush: boolean } | 'unauthorized' | 'not_found'

const SERVICES = ['git-upload-pack', 'git-receive-pack'] as const
type Service = (typeof SERVICES)[number]

/**
 * Clone, fetch and push over git's smart HTTP protocol at `/<slug>.git`, to be mounted at `/git` before any body parser.
 * Basic auth: any user name, the token as password. The dumb protocol is not served.
 * @param deps.authorize who the token is, and what it may do with the project of this slug
 * @param deps.mayPush decides about all refs of one push together; a throw refuses the push
 * @param deps.onPushed hears of the refs that changed, before the client's push returns
 */
export function gitHttpRoutes(deps: {
  store: Pick<LocalGitStore, 'http'>
  authorize: (credentials: { user: string; token: string }, slug: string) => Promise<GitAccess>
  mayPush: (projectId: string, updates: RefUpdate[]) => Promise<Verdict>
  onPushed: (projectId: string, updates: RefUpdate[]) => Promise<void>
}): Router {
  const router = Router()

  router.get('/:repository/info/refs', async (req, res) => {
    const service = SERVICES.find(name => name === req.query.service)
    if (service === undefined) refuse(res, 403, 'Only the smart protocol is served: use a git client')
    else await serve(req, res, service, true)
  })
  for (const service of SERVICES) {
    router.post(`/:repository/${service}`, (req, res) => serve(req, res, service, false))
  }
  router.use((_req, res) => refuse(res, 404, 'No such repository'))
  return router

  async function serve(
    req: Request<{ repository: string }>,
    res: Response,
    service: Service,
    advertise: boolean,
  ): Promise<void> {
    const access = await authorize(req)
    if (access === 'unauthorized') {
      res.set('WWW-Authenticate', 'Basic realm="Slipway", charset="UTF-8"')
      refuse(res, 401, 'Sign in with any user name and your token as password')
    } else if (access === 'not_found') {
      refuse(res, 404, 'No such repository')
    } else if (service === 'git-receive-pack' && !access.canPush) {
      refuse(res, 403, 'This token may not push')
    } else {
      await answer(req, res, access.projectId, smartRequest(req, service, advertise))
    }
  }

  async function authorize(req: Request<{ repository: string }>): Promise<GitAccess> {
    const credentials = basicCredentials(req.get('authorization'))
    if (credentials === null) return 'unauthorized'
    const slug = /^([A-Za-z0-9][A-Za-z0-9_-]*)\.git$/.exec(req.params.repository)?.[1]
    return slug === undefined ? 'not_found' : deps.authorize(credentials, slug)
  }

  async function answer(req: Request, res: Response, projectId: string, request: SmartRequest): Promise<void> {
    const gone = new AbortController()
    res.once('close', () => gone.abort(new Error('The client went away')))
    try {
      const reply = await deps.store.http(projectId, request, guardOf(projectId), gone.signal)
      res.status(reply.status)
      for (const [name, value] of reply.headers) res.set(name, value)
      // A broken transfer is the client's loss, and git's own framing tells it so.
      await pipeline(reply.body, res).catch(() => res.destroy())
    } catch (error) {
      if (gone.signal.aborted || res.headersSent) res.destroy()
      else if (error instanceof GitStoreError && error.code === 'no_repository') refuse(res, 404, 'No such repository')
      else throw error
    } finally {
      req.resume()
    }
  }

  function guardOf(projectId: string): PushGuard {
    return {
      mayPush: updates => deps.mayPush(projectId, updates),
      onPushed: updates => deps.onPushed(projectId, updates),
    }
  }
}

function smartRequest(req: Request, service: Service, advertise: boolean): SmartRequest {
  return {
    service,
    advertise,
    body: req,
    contentType: req.get('content-type'),
    contentEncoding: req.get('content-encoding'),
    protocol: /^[\w=:.-]+$/.exec(req.get('git-protocol') ?? '')?.[0],
  }
}

function basicCredentials(header: string | undefined): { user: string; token: string } | null {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return null
  const decoded = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  return colon < 0 ? null : { user: decoded.slice(0, colon), token: decoded.slice(colon + 1) }
}

/** git shows a plain text body to its user. */
function refuse(res: Response, status: number, text: string): void {
  res.status(status).type('text/plain').send(`${text}\n`)
}
