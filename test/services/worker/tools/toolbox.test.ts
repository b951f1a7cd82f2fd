import { expect, test } from 'vitest'
import type { RunDeps } from '../../../../services/worker/run/deps.ts'
import type { ExecResult } from '../../../../services/worker/runner-link/types.ts'
import { offeredName } from '../../../../services/worker/tools/mcp/names.ts'
import { createSecretFilter } from '../../../../services/worker/tools/mcp/secrets.ts'
import { createToolbox } from '../../../../services/worker/tools/toolbox.ts'
import type { ToolContext } from '../../../../services/worker/tools/types.ts'
import { defaultSettings } from '../../../../shared/contract/project.ts'
import type { Claim } from '../../../../shared/runtime/task-store/types.ts'
import { startHttpMcp } from './mcp-servers.ts'
import { manifest } from './support.ts'

const notices: string[] = []
const store = { notice: async (_claim: Claim, text: string) => void notices.push(text) }
const deps = { mcp: { allowLocal: true }, log: { info: () => {} }, store } as unknown as RunDeps
const claimOf = (run: Partial<Claim>) =>
  ({
    kind: 'board',
    mode: null,
    settings: { ...defaultSettings('runbook'), mcpServers: { dead: { url: 'http://127.0.0.1:1/' } } },
    ...run,
  }) as Claim

/** A container that answers whatever it is asked with the one manifest. */
function place() {
  const commands: string[] = []
  const found = { kind: 'list', found: [{ file: 'greet.json', manifest: JSON.parse(manifest('greet')) }], left: 0 }
  return {
    commands,
    exec: async (command: string): Promise<ExecResult> => {
      commands.push(command)
      return { exitCode: 0, output: JSON.stringify(found), ms: 1, timedOut: false, oom: false }
    },
    startProcess: () => Promise.reject(new Error('no process')),
    signal: new AbortController().signal,
  }
}
const names = (toolbox: ReturnType<typeof createToolbox>) => toolbox.specs().map(({ name }) => name)

test('tasks, sub-agents and turns that build have the tools of their project; one that plans has none', async () => {
  for (const run of [{ kind: 'board' }, { kind: 'pipeline' }, { kind: 'turn', mode: 'build' }] as const) {
    const toolbox = createToolbox(deps, claimOf(run))
    await toolbox.open(place())
    expect(names(toolbox)).toEqual(expect.arrayContaining(['greet', 'mcp_dead_reconnect']))
    expect(names(toolbox).includes('tool_create')).toBe(run.kind !== 'pipeline')
    expect(toolbox.route('greet', { word: 'x' })).toMatchObject({ where: 'container', name: 'bash' })
    expect(toolbox.route('nothing', {})).toMatchObject({ where: 'nowhere' })
    await toolbox.close()
  }
  const planning = createToolbox(deps, claimOf({ kind: 'turn', mode: 'plan' }))
  const at = place()
  await planning.open(at)
  expect(at.commands).toEqual([])
  for (const name of ['greet', 'mcp_dead_reconnect', 'tool_create', 'tool_list_custom', 'bash']) {
    expect(names(planning)).not.toContain(name)
    expect(planning.route(name, {})).toMatchObject({ where: 'nowhere' })
  }
})

test('a call of a lost run is not taken for one of a tool that does not exist', async () => {
  const toolbox = createToolbox(deps, claimOf({}))
  expect(toolbox.route('greet', {})).toMatchObject({ where: 'container' })
  expect(toolbox.route('mcp_own_count', {})).toMatchObject({ where: 'container' })
  expect(toolbox.route('propose_tasks', {})).toMatchObject({ where: 'nowhere' })
})

test('a script that is too large for tool_create is to be registered', async () => {
  const at = place()
  const toolbox = createToolbox(deps, claimOf({}))
  const route = toolbox.route('tool_create', {})
  if (route.where !== 'worker') throw new Error('the worker answers it')
  const args = { ...JSON.parse(manifest('large')), script: 'é'.repeat(40_000) }
  const outcome = await route.tool.run(args, { exec: at.exec } as unknown as ToolContext)
  expect(outcome).toMatchObject({ text: expect.stringMatching(/^Error: the script is larger than 65536 bytes/) })
  expect(at.commands).toEqual([])
})

test('what a container answers instead of manifests is no tool', async () => {
  for (const output of [
    '',
    'null',
    '[]',
    '{"kind":"list"}',
    'x'.repeat(100_000),
    '{"kind":"done","script":"a","ignored":false}',
  ]) {
    const toolbox = createToolbox(deps, claimOf({}))
    await toolbox.open({ ...place(), exec: async () => ({ exitCode: 0, output, ms: 1, timedOut: false, oom: false }) })
    expect(names(toolbox)).not.toContain('greet')
  }
})

test('of more tools of MCP servers than an agent is given the first are taken, and people are told', async () => {
  const { url, close } = await startHttpMcp({})
  const many = { url: url.replace('/mcp', '/many') }
  notices.length = 0
  const claim = claimOf({})
  const mcpServers = { one: many, two: many, three: { url } }
  const toolbox = createToolbox(deps, { ...claim, settings: { ...claim.settings, mcpServers } })
  await toolbox.open(place())
  const given = names(toolbox).filter(name => name.startsWith('mcp_'))
  await toolbox.close()
  close()
  expect([given.length, given[39], given[40], given[63]]).toEqual([
    64,
    'mcp_one_tool-39',
    'mcp_two_tool-0',
    'mcp_two_tool-23',
  ])
  const most = 'Of one server it gets at most 40, of all together 64.'
  expect(notices).toEqual([
    `The MCP server one has more tools than the agent is given: the first 40 of them. ${most}`,
    `The MCP server two has more tools than the agent is given: the first 24 of them. ${most}`,
    `The MCP server three has more tools than the agent is given: none of them. ${most}`,
  ])
})

test('the tools of MCP servers have names that every provider takes, each its own', () => {
  const taken = new Set<string>()
  const tools = [
    'read',
    'read file',
    'read/file',
    'read_file',
    'ünïcode',
    '',
    'x'.repeat(200),
    `${'x'.repeat(199)}y`,
    'constructor',
  ]
  for (const tool of tools) taken.add(offeredName('a-server', tool, taken))
  expect(taken.size).toBe(tools.length)
  for (const name of taken) expect(name).toMatch(/^mcp_a-server_[A-Za-z0-9_-]{0,51}$/)
  expect(taken).toContain('mcp_a-server_read')
})

test('secrets are taken out of texts in every form that they come in', () => {
  const clean = createSecretFilter(['Bearer abc"def/ghi+jkl', 'short'])
  expect(clean('Bearer abc"def/ghi+jkl; abc"def/ghi+jkl')).toBe('[secret]; [secret]')
  expect(clean(JSON.stringify({ a: 'abc"def/ghi+jkl' }))).toBe('{"a":"[secret]"}')
  expect(clean(encodeURIComponent('abc"def/ghi+jkl'))).toBe('[secret]')
  expect(clean('short')).toBe('short')
})
