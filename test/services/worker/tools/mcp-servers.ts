import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A small MCP server on standard input and output, as a project would bring it along; counts how often it was asked. */
export const STDIO_SERVER = `
import { appendFileSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
let calls = 0
const tool = (name, description, properties = {}) => ({ name, description, inputSchema: { type: 'object', properties } })
const TOOLS = [
  tool('count', 'Counts its calls.'),
  tool('env', 'Shows a variable.', { name: { type: 'string' } }),
  tool('append', 'Appends to a file.', { path: { type: 'string' } }),
  tool('die', 'Ends.'),
  tool('hang', 'Never answers.'),
  tool('flood', 'Says too much.'),
  tool('noise', 'Prints what is no message.'),
  tool('fail', 'Fails.'),
  tool('contents', 'Answers with all kinds of contents.'),
  tool('status', 'Shows how it is confined.'),
  tool('odd name!', 'Has an odd name.'),
]
const text = value => ({ content: [{ type: 'text', text: String(value) }] })
const call = {
  count: () => text(++calls),
  env: ({ name }) => text(process.env[name] + ' ' + process.cwd()),
  append: ({ path }) => (appendFileSync(path, 'line\\n'), text('appended')),
  die: () => (console.error('cannot go on'), process.exit(3)),
  hang: () => new Promise(() => {}),
  flood: () => { const piece = 'x'.repeat(1 << 16); for (;;) process.stdout.write(piece) },
  noise: () => {
    process.stdout.write('hello\\n{"jsonrpc":"2.0"}\\n[1,2\\n{"jsonrpc":"2.0","id":9999,"result":{}}\\n\\u0000\\n' + '['.repeat(100000) + '\\n')
    process.stdout.write('{"jsonrpc":"2.0","id":"p","method":"ping"}\\n{"jsonrpc":"2.0","id":"s","method":"sampling/createMessage","params":{}}\\n')
    return text('quiet again')
  },
  fail: () => ({ isError: true, ...text('it does not work') }),
  contents: () => ({ content: [
    { type: 'text', text: 'first' },
    { type: 'image', data: 'aGVsbG8=', mimeType: 'image/png' },
    { type: 'resource', resource: { uri: 'file:///a', text: 'inside' } },
    { type: 'resource_link', uri: 'file:///b', name: 'b' },
    { type: 'hologram', beams: 3 },
    { type: 'text', text: 'x'.repeat(100000) + '\\u0000' },
  ] }),
  status: () => text(readFileSync('/proc/self/status', 'utf8')),
  'odd name!': () => text('odd'),
}
async function answer({ method, params }) {
  if (method === 'initialize') return { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'test', version: '1' } }
  if (method === 'tools/list') return { tools: TOOLS }
  if (method === 'tools/call') return call[params.name](params.arguments)
  throw Object.assign(new Error('no such method'), { code: -32601 })
}
createInterface({ input: process.stdin }).on('line', async line => {
  const request = JSON.parse(line)
  if (request.id === undefined || request.method === undefined) return
  const reply = await answer(request).then(result => ({ result }), error => ({ error: { code: error.code ?? -32603, message: error.message } }))
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id: request.id, ...reply }) + '\\n')
})
process.stdin.on('end', () => process.exit(0))
`

export interface HttpMcpServer {
  url: string
  /** Every request: its method and path, its headers, and what it asked. */
  requests: { method: string; path: string; headers: IncomingMessage['headers']; asked: string }[]
  close(): void
}

type Rpc = { id?: number; method?: string; params?: { name?: string; arguments?: Record<string, unknown> } }

/** An MCP server over streamable HTTP with sessions; `answers` are what its one tool `say` answers with for a word. At `/many` it has 50 tools. */
export async function startHttpMcp(answers: Record<string, () => Promise<unknown> | unknown>): Promise<HttpMcpServer> {
  const requests: HttpMcpServer['requests'] = []
  const result = (rpc: Rpc, path: string): unknown => {
    if (rpc.method === 'initialize')
      return { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'http', version: '1' } }
    if (rpc.method === 'tools/list') {
      const inputSchema = { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] }
      if (path === '/many') return { tools: Array.from({ length: 50 }, (_, n) => ({ name: `tool-${n}`, inputSchema })) }
      const odd = { type: 'object', anyOf: [{ required: ['a'] }] }
      return {
        tools: [
          { name: 'say', description: 'Says a word.', inputSchema },
          { name: 'odd', inputSchema: odd },
        ],
      }
    }
    return answers[String(rpc.params?.arguments?.word)]?.() ?? { content: [{ type: 'text', text: 'no such word' }] }
  }
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const rpc: Rpc = body === '' ? {} : JSON.parse(body)
    const { method = '', url = '' } = request
    requests.push({ method, path: url, headers: request.headers, asked: String(rpc.method) })
    if (url === '/elsewhere') return void response.writeHead(307, { location: 'http://localhost:1/mcp' }).end()
    if (url === '/slash') return void response.writeHead(307, { location: '/mcp' }).end()
    if (url === '/denied') return void response.writeHead(401).end(`not with ${request.headers['x-api-key']}`)
    if (method !== 'POST') return void response.writeHead(405).end()
    if (rpc.method === 'server/discover') {
      const error = { code: -32601, message: 'no such method' }
      return void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', id: rpc.id, error }))
    }
    if (rpc.id === undefined) return void response.writeHead(202).end()
    const message = JSON.stringify({ jsonrpc: '2.0', id: rpc.id, result: await result(rpc, url) })
    response.setHeader('mcp-session-id', 'session-1')
    if (rpc.method === 'tools/call') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`event: message\ndata: ${message}\n\n`)
    } else response.writeHead(200, { 'content-type': 'application/json' }).end(message)
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    requests,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
