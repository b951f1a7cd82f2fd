import type { Server as HttpServer } from 'node:http'
import { Server } from 'socket.io'
import type { ProblemCode } from '../../shared/contract/common.ts'
import type { ClientToServer, ServerToClient } from '../../shared/contract/socket.ts'
import { LIMITS } from '../../shared/domain/limits.ts'
import type { Service } from '../../shared/runtime/service.ts'
import type { Tokens } from '../../shared/runtime/tokens.ts'
import { type SocketData, serveClient } from './client.ts'
import { createFeeds, type FeedDeps } from './feeds.ts'

export interface GatewayDeps extends FeedDeps {
  /** Sockets are served at `/socket.io` of this server; its other listeners must be there before `start`. */
  httpServer: HttpServer
  tokens: Tokens
  /** Other origins whose pages may connect; all carry a token, and no cookie means anything here. */
  corsOrigins?: readonly string[]
  /** Milliseconds between two looks at whether the clients' tokens still hold. */
  recheckMs?: number
}

const PATH = '/socket.io'
const RECHECK_MS = 30_000
const SIGN_IN_MS = 10_000

/**
 * The socket side: replays a project's events from any number on, then sends them as they come. Stopping cuts the
 * connections, so that clients connect again elsewhere and go on where they were; it leaves the HTTP server alone.
 */
export function createGateway(deps: GatewayDeps): Service {
  const { httpServer, tokens, log, corsOrigins = [], recheckMs = RECHECK_MS } = deps
  const feeds = createFeeds(deps)
  const io = new Server<ClientToServer, ServerToClient, Record<never, never>, SocketData>({
    path: PATH,
    serveClient: false,
    maxHttpBufferSize: LIMITS.socket.messageBytes,
    // Other upgrades of the same server are for others.
    destroyUpgrade: false,
    connectTimeout: SIGN_IN_MS,
    ...(corsOrigins.length > 0 && { cors: { origin: [...corsOrigins] } }),
  })
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  io.use(async (socket, next) => {
    try {
      const token: unknown = socket.handshake.auth.token
      const identity = typeof token === 'string' ? await tokens.authenticate(token, 'api') : null
      if (stopped) next(refusal('unavailable', 'The gateway is stopping.'))
      else if (!identity) next(refusal('unauthorized', 'This needs a valid token.'))
      else {
        socket.data.identity = identity
        next()
      }
    } catch (error) {
      log.warn({ err: error }, 'socket.unidentified')
      next(refusal('unavailable', 'The database cannot be reached. Try again soon.'))
    }
  })
  io.on('connection', socket => serveClient(socket, { ...deps, feeds }))

  const recheck = async () => {
    const sockets = [...io.of('/').sockets.values()]
    try {
      const live = await tokens.live([...new Set(sockets.map(socket => socket.data.identity.tokenId))])
      for (const socket of sockets) if (!live.has(socket.data.identity.tokenId)) socket.disconnect(true)
    } catch (error) {
      log.warn({ err: error }, 'socket.tokens_unread')
    }
  }

  return {
    async start() {
      io.attach(httpServer)
      feeds.start()
      timer = setInterval(() => void recheck(), recheckMs)
    },
    async stop() {
      if (stopped) return
      stopped = true
      clearInterval(timer)
      feeds.stop()
      io.engine?.close()
    },
  }
}

function refusal(code: ProblemCode, message: string): Error {
  return Object.assign(new Error(message), { data: { code } })
}
