import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { McpServers } from '../../../../shared/contract/mcp.ts'
import { draft } from '../../../support/engine.ts'
import { type ScriptedRequest, startProvider } from '../../../support/provider.ts'
import { BEGUN } from '../../../support/runbook.ts'
import { openShop } from '../run/support.ts'
import { type HttpMcpServer, STDIO_SERVER, startHttpMcp } from './mcp-servers.ts'
import { type Call, listed, makeCalls, manifest, resultsIn } from './support.ts'

const SECRET = 'Bearer s3cr3t-t0ken-of-the-project'
type Offered = { name: string; description: string; parameters: object }

let requests: ScriptedRequest[] = []
const shop = openShop(
  async stage => {
    const provider = await startProvider(makeCalls)
    requests = provider.requests
    stage.onEnd(provider.close)
    return provider.config
  },
  { allowLocal: true, times: { connectMs: 8_000, callMs: 5_000 } },
)

const own: McpServers = { own: { command: 'node', args: ['server.mjs'], env: { GREETING: 'hi there' } } }
const files = { 'server.mjs': STDIO_SERVER, '.slipway/tools/own.json': manifest('own') }
let http: HttpMcpServer

beforeAll(async () => {
  http = await startHttpMcp({
    hello: () => ({ content: [{ type: 'text', text: 'hello' }] }),
    echo: () => ({ content: [{ type: 'text', text: `you sent ${SECRET}` }] }),
    hang: () => new Promise(() => {}),
    large: () => ({ content: [{ type: 'text', text: 'x'.repeat(20 * 1024 * 1024) }] }),
    bad: () => ({ content: 'no list' }),
    data: () => ({ structuredContent: { a: 1 } }),
  })
})
afterAll(() => http.close())

/** What the calls come to in one run of a project with these servers. */
async function run(mcpServers: McpServers, calls: Call[]) {
  const { accepted, until, db, changed } = shop()
  const plan = listed(calls)
  const { project, ids } = await accepted([draft('use it', [], { plan, model: 'openai-compatible:caller' })], {
    settings: { mcpServers },
    files,
  })
  const task = await until(ids[0]!, 'ready')
  const where = { threadId: task.threadId, role: 'tool' }
  const results = resultsIn(await db.prisma.message.findMany({ where, orderBy: { seq: 'asc' } })).map(
    ({ text }) => text,
  )
  const request = requests.findLast(({ messages }) => messages.some(({ text }) => text.includes(plan)))
  const tools = (request!.body.tools as { function: Offered }[]).map(tool => tool.function)
  return {
    task,
    results,
    offered: new Map(tools.map(tool => [tool.name, tool])),
    changed: await changed(project.id, task.baseSha!, task.headSha!),
  }
}

const bash = (command: string): Call => ({ name: 'bash', args: { command } })

describe('an MCP server in the container', { concurrent: true, timeout: 200_000 }, () => {
  test('gives tools that keep what they know over commands, and whose changes are part of the work', async () => {
    const { results, changed, task } = await run(own, [
      { name: 'mcp_own_count' },
      bash(`sleep 100 & ${BEGUN}; echo done`),
      { name: 'mcp_own_count' },
      { name: 'mcp_own_append', args: { path: 'made.txt' } },
      { name: 'mcp_own_env', args: { name: 'GREETING' } },
      { name: 'mcp_own_odd_name_' },
      { name: 'mcp_own_status' },
    ])
    const [first, command, second, appended, env, odd, status] = results
    expect([first, second, appended, env, odd]).toEqual(['1', '2', 'appended', 'hi there /workspace', 'odd'])
    expect(command).toMatch(/^done\n\[killed 1 process left running: sleep\]\n\[exit 0/)
    expect(changed).toEqual(['+made.txt'])
    const steps = await shop().db.prisma.step.findMany({ where: { taskId: task.id }, orderBy: { iteration: 'asc' } })
    expect(steps.map(({ tool, result }) => [tool, result])).toContainEqual(['mcp_own_count', '2'])
    // Confined as all else in the container is.
    expect(status).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/m)
    expect(status).toMatch(/^CapEff:\t0000000000000000$/m)
    expect(status).toMatch(/^CapBnd:\t0000000000000000$/m)
    expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    expect(status).toMatch(/^Seccomp:\t2$/m)
  })

  test('may say and do anything: only answers are heard, and all else is a readable error', async () => {
    const { results } = await run(own, [
      { name: 'mcp_own_noise' },
      { name: 'mcp_own_contents' },
      { name: 'mcp_own_fail' },
      { name: 'mcp_own_count' },
      { name: 'mcp_own_die' },
      { name: 'mcp_own_count' },
      { name: 'mcp_own_hang' },
      { name: 'mcp_own_count' },
      { name: 'mcp_own_flood' },
      bash("pkill -KILL -f 'server[.]mjs'; sleep 0.2; true"),
      { name: 'mcp_own_count' },
      bash('true'),
      { name: 'mcp_own_count' },
    ])
    const [noise, contents, fail, counted, die, again, hang, once, flood, , anew, , kept] = results
    expect(noise).toBe('quiet again')
    expect(contents?.replace(/x{1000,}/g, 'X')).toMatch(
      /^first\n\[image, image\/png, 6 bytes, which cannot be shown here\]\n\[resource file:\/\/\/a\]\ninside\n\[link to b: file:\/\/\/b\]\n\[content of type hologram, which cannot be shown here\]\nX\n\[… .*bytes left out.*\]\nX\uFFFD$/,
    )
    expect(fail).toBe('Error: it does not work')
    expect(die).toMatch(
      /^Error: the MCP server own failed: Connection closed: cannot go on\. What came of the call is unknown/,
    )
    expect(hang).toBe('Error: the MCP server own did not answer within 5 s. What came of the call is unknown.')
    expect(flood).toMatch(
      /^Error: the MCP server own (failed: .*it sent a message of more than 4194304 bytes|did not answer)/,
    )
    // After each of them it is another process.
    expect([counted, again, once, anew, kept]).toEqual(['1', '1', '1', '1', '2'])
  })

  test('that cannot be used is a tool that says so, and the run goes on', async () => {
    const servers: McpServers = {
      missing: { command: 'no-such-program' },
      broken: { command: 'sh', args: ['-c', 'echo broken >&2; exit 1'] },
      silent: { command: 'sleep', args: ['1000'] },
      chatty: { command: 'sh', args: ['-c', 'yes nonsense | head -c 30000000; sleep 100'] },
      late: { command: 'sh', args: ['-c', 'test -f ready || exit 1; exec node server.mjs'] },
    }
    const { results, offered, task } = await run(servers, [
      bash('touch ready'),
      ...Object.keys(servers).map(name => ({ name: `mcp_${name}_reconnect` })),
      { name: 'mcp_late_count' },
    ])
    expect(results[0]).toMatch(/\[exit 0/)
    expect(results[1]).toMatch(
      /^Error: the MCP server missing cannot be used: .*no-such-program.*No such file or directory/,
    )
    expect(results[2]).toMatch(/^Error: the MCP server broken cannot be used: .*broken$/)
    expect(results[3]).toBe('Error: the MCP server silent cannot be used: it did not answer within 8 s')
    expect(results[4]).toMatch(/^Error: the MCP server chatty cannot be used: .*it said more than 10000 lines/)
    expect(results[5]).toMatch(/^The MCP server late works: count, env, append/)
    expect(results[6]).toBe('1')
    expect(offered.has('mcp_late_reconnect')).toBe(false)
    expect(offered.get('mcp_broken_reconnect')?.description).toMatch(/^The MCP server broken cannot be used: /)
    const where = { threadId: task.threadId, role: 'system' }
    const notices = await shop().db.prisma.message.findMany({ where })
    const told = notices.map(({ text }) => /^The MCP server (\w+) cannot be used: .+\. The work goes/s.exec(text)?.[1])
    expect(told.sort()).toEqual(Object.keys(servers).sort())
  })
})

describe('an MCP server over HTTP', { concurrent: true, timeout: 200_000 }, () => {
  test('is asked by the worker, in a session, with the headers of the project', async () => {
    const { results, offered, task } = await run(
      {
        web: { url: http.url, headers: { 'X-Api-Key': SECRET } },
        moved: { url: http.url.replace('/mcp', '/slash') },
        away: { url: http.url.replace('/mcp', '/elsewhere') },
        denied: { url: http.url.replace('/mcp', '/denied'), headers: { 'x-api-key': SECRET } },
        dead: { url: 'http://127.0.0.1:1/mcp' },
      },
      [
        ...['hello', 'data', 'echo', 'large', 'bad', 'hang', 'hello'].map(word => ({
          name: 'mcp_web_say',
          args: { word },
        })),
        { name: 'mcp_moved_say', args: { word: 'hello' } },
        { name: 'mcp_away_reconnect' },
        { name: 'mcp_denied_reconnect' },
      ],
    )
    const [hello, data, echo, large, bad, hang, again, moved, away, denied] = results
    expect([hello, data, echo, again, moved]).toEqual(['hello', '{"a":1}', 'you sent [secret]', 'hello', 'hello'])
    expect(large).toMatch(/^Error: the MCP server web (failed|did not answer)/)
    expect(large!.length).toBeLessThan(1_000)
    expect(bad).toMatch(/^Error: the MCP server web failed: Failed to (parse|process) server response/)
    expect(hang).toMatch(/^Error: the MCP server web did not answer within 5 s/)
    expect(away).toMatch(/it redirects to http:\/\/localhost:1, which is not followed/)
    expect(denied).toMatch(/HTTP 401\): not with \[secret\]/)
    const calls = http.requests.filter(({ headers }) => headers['x-api-key'] === SECRET)
    expect(
      calls.some(({ asked, headers }) => asked === 'tools/call' && headers['mcp-session-id'] === 'session-1'),
    ).toBe(true)

    expect(offered.get('mcp_web_say')).toMatchObject({
      description: 'Says a word.\n(Tool of the MCP server web.)',
      parameters: { type: 'object', required: ['word'] },
    })
    // A schema that some providers refuse is told in words.
    expect(offered.get('mcp_web_odd')).toMatchObject({
      description: expect.stringContaining('"anyOf":[{"required":["a"]}]'),
      parameters: { type: 'object', additionalProperties: true },
    })
    expect(offered.get('mcp_dead_reconnect')?.description).toMatch(
      /^The MCP server dead cannot be used: .*ECONNREFUSED/,
    )

    // What the project keeps secret is in no message, step or event.
    const { db } = shop()
    const told = [
      await db.prisma.message.findMany({ where: { threadId: task.threadId } }),
      await db.prisma.step.findMany({ where: { taskId: task.id } }),
      await db.prisma.event.findMany({ where: { projectId: task.projectId } }),
      requests.map(({ body }) => body),
    ]
    expect(JSON.stringify(told, (_key, value) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(
      's3cr3t',
    )
  })
})
