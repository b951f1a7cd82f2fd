import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** Whether a request is stopped, before it reaches the server or after the server has done it, so that it stays unanswered. */
export type Hold = (path: string, body: Buffer) => 'before' | 'after' | null

/** Stands between a worker and the API. */
export interface HoldingProxy {
  url: string
  /** Requests that are held so far, as `<before or after> <path>`. */
  held: readonly string[]
  close(): Promise<void>
}

export async function startProxy(target: string, hold: Hold): Promise<HoldingProxy> {
  const held: string[] = []

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = incoming.url ?? '/'
    const body = await buffer(incoming)
    const when = hold(path, body)
    if (when === 'before') return void held.push(`before ${path}`)
    const forwarded = request(new URL(path, target), { method: incoming.method, headers: incoming.headers })
    forwarded.end(body)
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage]
    if (when === 'after') {
      await buffer(answer)
      return void held.push(`after ${path}`)
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  }

  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
