import { afterAll, beforeAll, expect, test } from 'vitest'
import { SECRET_MASK } from '../../../shared/contract/mcp.ts'
import type { ProjectSettings } from '../../../shared/contract/project.ts'
import { startApi, type TestApi } from './support.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

const SECRET = 'Bearer very-secret-token'
const web = { url: 'https://mcp.example.com/mcp', headers: { Authorization: SECRET, 'X-Team': 'blue-team' } }
const masked = { ...web, headers: { Authorization: SECRET_MASK, 'X-Team': SECRET_MASK } }
const stored = async (id: string) =>
  ((await api.db.prisma.project.findUniqueOrThrow({ where: { id } })).settings as ProjectSettings).mcpServers

const create = (mcpServers: ProjectSettings['mcpServers']) =>
  api.admin.client.createProject({ body: { name: 'Servers', settings: { mcpServers } } })
const change = (id: string, mcpServers: object) =>
  api.send('PATCH', `/api/v1/projects/${id}`, { body: { settings: { mcpServers } } })

test('the values of headers are stored and never shown again', async () => {
  const own = { command: 'node', args: ['server.mjs'], env: { MODE: 'fast' } }
  const project = await create({ web, own })
  expect(project.settings.mcpServers).toEqual({ web: masked, own })
  expect(await stored(project.id)).toEqual({ web, own })
  const { items } = await api.admin.client.listProjects({ query: {} })
  const events = await api.admin.client.listEvents({ params: { id: project.id } })
  const keys = await api.db.prisma.$queryRaw`SELECT * FROM idempotency_keys`
  expect(
    JSON.stringify([items, events, keys], (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
  ).not.toContain('very-secret')
})

test('a change that sends the mask back keeps them, one by one', async () => {
  const { id } = await create({ web })
  const sent = await change(id, {
    web: { ...masked, url: 'https://mcp.example.com/other', headers: { ...masked.headers, 'X-Team': 'red-team' } },
  })
  expect(sent.status).toBe(200)
  expect(sent.json.settings.mcpServers.web.headers).toEqual(masked.headers)
  expect(await stored(id)).toEqual({
    web: { url: 'https://mcp.example.com/other', headers: { Authorization: SECRET, 'X-Team': 'red-team' } },
  })
  expect((await change(id, {})).status).toBe(200)
  expect(await stored(id)).toEqual({})
})

test('nobody gets a secret sent to another address', async () => {
  const { id } = await create({ web })
  for (const url of [
    'https://evil.example.com/mcp',
    'http://mcp.example.com/mcp',
    'https://mcp.example.com:8443/mcp',
  ]) {
    const sent = await change(id, { web: { ...masked, url } })
    expect([sent.status, sent.json.code]).toEqual([400, 'invalid_request'])
    expect(sent.json.errors[0]).toMatchObject({ path: 'settings.mcpServers.web.headers.Authorization' })
  }
  expect((await change(id, { other: masked })).status).toBe(400)
  expect(await stored(id)).toEqual({ web })
  const unknown = await api.send('POST', '/api/v1/projects', {
    body: { name: 'New', settings: { mcpServers: { web: masked } } },
  })
  expect(unknown.status).toBe(400)
})

test.each<[string, object]>([
  ['neither program nor address', { a: {} }],
  ['both', { a: { command: 'x', url: 'https://example.com' } }],
  ['a name in capitals', { Web: { command: 'x' } }],
  ['a long name', { ['a'.repeat(25)]: { command: 'x' } }],
  ['another protocol', { a: { url: 'file:///etc/passwd' } }],
  ['a password in the address', { a: { url: 'https://user:pass@example.com/' } }],
  ['a header with a line end', { a: { url: 'https://example.com', headers: { X: 'a\r\nHost: b' } } }],
  ['a header of the protocol', { a: { url: 'https://example.com', headers: { Host: 'b' } } }],
  ['a header that is no name', { a: { url: 'https://example.com', headers: { 'a b': 'c' } } }],
  ['a variable that is no name', { a: { command: 'x', env: { 'A=B': 'c' } } }],
  ['a NUL character', { a: { command: 'x', args: ['a\0b'] } }],
  ['too many', Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`s${n}`, { command: 'x' }]))],
])('servers with %s are refused', async (_name, mcpServers) => {
  const { id } = await create({})
  const sent = await change(id, mcpServers)
  expect([sent.status, sent.json.code]).toEqual([400, 'invalid_request'])
})

test('a project from before there were servers has none', async () => {
  const { id } = await create({})
  await api.db.prisma.$executeRaw`UPDATE projects SET settings = settings - 'mcpServers' WHERE id = ${id}::uuid`
  expect((await api.admin.client.getProject({ params: { id } })).settings.mcpServers).toEqual({})
  expect((await change(id, { web })).status).toBe(200)
})
