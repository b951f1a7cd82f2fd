import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer, json } from 'node:stream/consumers'

/**
 * Whether a request is stopped: before it reaches the server, after the server has done it, so that it stays unanswered, or on its
 * way, so that it arrives late.
 */
export type Hold = (path: string, body: Buffer) => 'before' | 'after' | 'late' | null

/** Stands between a worker and the API. */
export interface HoldingProxy {
  url: string
  /** Requests that are held so far, as `<before or after> <path>`. */
  held: readonly string[]
  /** Lets those that are late arrive; gives what the server said to them, as `<status> <code>`. */
  deliverLate(): Promise<string[]>
  close(): Promise<void>
}

export async function startProxy(target: string, hold: Hold): Promise<HoldingProxy> {
  const held: string[] = []
  const late: (() => Promise<IncomingMessage>)[] = []

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = incoming.url ?? '/'
    const body = await buffer(incoming)
    const when = hold(path, body)
    const forward = async () => {
      const forwarded = request(new URL(path, target), { method: incoming.method, headers: incoming.headers })
      forwarded.end(body)
      return (await once(forwarded, 'response'))[0] as IncomingMessage
    }
    if (when === 'late') late.push(forward)
    if (when === 'after') await buffer(await forward())
    if (when) return void held.push(`${when} ${path}`)
    const answer = await forward()
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
    deliverLate: () =>
      Promise.all(
        late.splice(0).map(async forward => {
          const answer = await forward()
          const { code } = (await json(answer)) as { code?: string }
          return `${answer.statusCode} ${code}`
        }),
      ),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
