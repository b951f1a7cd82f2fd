import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'
import { io, type Socket } from 'socket.io-client'
import { v7 as uuid } from 'uuid'
import { createGateway, type GatewayDeps } from '../../../services/gateway/gateway.ts'
import type { Delta, Event } from '../../../shared/contract/event.ts'
import type { ClientToServer, ServerToClient, SubscribeAck } from '../../../shared/contract/socket.ts'
import { type Database, openDatabase } from '../../../shared/runtime/db.ts'
import { createHintListener, createHints, type Hints } from '../../../shared/runtime/hints.ts'
import { createLog } from '../../../shared/runtime/log.ts'
import { createNames, type Names } from '../../../shared/runtime/names.ts'
import { change } from '../../../shared/runtime/task-store/change.ts'
import { createTokens, ensureDefaultOrganization, type Tokens } from '../../../shared/runtime/tokens.ts'
import { freshDatabase, freshPrefix, redisUrl } from '../../support/servers.ts'

const log = createLog(process.env.LOG_LEVEL ?? 'silent')

/** A database and a Redis prefix of one's own, with an organization, a token and what appends events. */
export interface World {
  db: Database
  names: Names
  hints: Hints
  tokens: Tokens
  organizationId: string
  tokenId: string
  token: string
  /** Makes an empty project; of another organization where that is said. */
  project(organizationId?: string): Promise<string>
  /** Appends events in one transaction, and tells of them with `hints` unless others are given. */
  append(projectId: string, count?: number, options?: { hints?: Hints; text?: string }): Promise<void>
  otherOrganization(): Promise<string>
  close(): Promise<void>
}

export async function startWorld(): Promise<World> {
  const fresh = await freshDatabase()
  const db = openDatabase({ url: fresh.url, connections: 8 })
  const redis = new Redis(redisUrl())
  const names = createNames(freshPrefix())
  const tokens = createTokens({ db })
  const owner = await ensureDefaultOrganization(db, { plan: 'pro' })
  const { id: tokenId, token } = await tokens.issue({ kind: 'api', ...owner, label: 'test' })
  const hints = createHints({ redis, names, log })
  return {
    db,
    names,
    hints,
    tokens,
    organizationId: owner.organizationId,
    tokenId,
    token,
    async project(organizationId = owner.organizationId) {
      const id = uuid()
      await db.prisma.project.create({
        data: {
          id,
          organizationId,
          slug: id,
          name: 'Project',
          defaultBranch: 'main',
          headSha: '0'.repeat(40),
          settings: {},
          counter: { create: {} },
        },
      })
      return id
    },
    append: (projectId, count = 1, { text = '', ...given } = {}) =>
      change({ db, hints, log, ...given }, async ({ event }) => {
        for (let n = 0; n < count; n++) event({ projectId, type: 'task.updated', payload: { n, text } })
      }),
    async otherOrganization() {
      const id = uuid()
      await db.prisma.organization.create({ data: { id, slug: id, name: 'Other', plan: 'pro' } })
      return id
    },
    async close() {
      redis.disconnect()
      await db.close()
      await fresh.drop()
    },
  }
}

export interface TestGateway {
  url: string
  httpServer: Server
  stop(): Promise<void>
}

/** A gateway on a free port, or on the one that is given. */
export async function startGateway(
  { db, names, tokens }: World,
  { port = 0, ...changes }: Partial<GatewayDeps> & { port?: number } = {},
): Promise<TestGateway> {
  const httpServer = createServer((_request, response) => response.writeHead(404).end())
  const listener = createHintListener({ redis: new Redis(redisUrl()), log })
  const gateway = createGateway({ httpServer, db, listener, names, tokens, log, ...changes })
  await gateway.start()
  await new Promise<void>(resolve => httpServer.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`,
    httpServer,
    async stop() {
      await gateway.stop()
      await gateway.stop()
      httpServer.closeAllConnections()
      await new Promise(resolve => httpServer.close(resolve))
      await listener.close()
    },
  }
}

export type ClientSocket = Socket<ServerToClient, ClientToServer>

/** A client that keeps what it gets. It connects again by itself, and then goes on after the last number it saw. */
export interface TestClient {
  socket: ClientSocket
  events: Event[]
  deltas: Delta[]
  subscribe(projectId: string, after?: number): Promise<SubscribeAck>
  close(): void
}

export function connect(url: string, token: string, options: { transports?: string[] } = {}): TestClient {
  const socket: ClientSocket = io(url, {
    auth: { token },
    forceNew: true,
    transports: ['websocket'],
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
    ...options,
  })
  const events: Event[] = []
  const deltas: Delta[] = []
  socket.on('event', event => void events.push(event))
  socket.on('delta', delta => void deltas.push(delta))
  return {
    socket,
    events,
    deltas,
    subscribe: (projectId, after = 0) =>
      new Promise(resolve => {
        socket.emit('subscribe', { projectId, after }, resolve)
      }),
    close: () => void socket.disconnect(),
  }
}

/** Follows a project through lost connections, as the web app does: each time from the last number that was seen. */
export function follow(client: TestClient, projectId: string): void {
  const again = () => {
    void client.subscribe(projectId, client.events.at(-1)?.seq ?? 0)
  }
  client.socket.on('connect', again)
  if (client.socket.connected) again()
}

/** The numbers from 1 to `last`. */
export const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1)
