import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Problem } from '../../../shared/contract/common.ts'
import { ROUTES, type Route, type RouteName } from '../../../shared/contract/routes.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { CASES, type Fixture, makeFixture, pathOf } from './cases.ts'
import { digest, type Sent, startApi, type TestApi } from './support.ts'

let api: TestApi
let own: Fixture
let foreign: Fixture

beforeAll(async () => {
  api = await startApi()
  own = await makeFixture(api, api.admin)
  foreign = await makeFixture(api, api.stranger)
})
afterAll(() => api.close())

const names = Object.keys(ROUTES) as RouteName[]

test('every route of the table has its cases', () => {
  expect(Object.keys(CASES).sort()).toEqual([...names].sort())
  for (const name of names) {
    const route: Route = ROUTES[name]
    if (route.body) expect(CASES[name].badBodies ?? [], `${name} takes a body: its cases`).not.toEqual([])
    if (route.query) expect(CASES[name].badQueries ?? [], `${name} takes a query: its cases`).not.toEqual([])
  }
})

function expectProblem(sent: Sent, code: string, what: string): void {
  expect({ what, code: sent.json?.code, detail: sent.json?.detail }).toMatchObject({ what, code })
  const problem = Problem.parse(sent.json)
  expect(sent.headers.get('content-type')).toContain('application/problem+json')
  expect({ what, status: sent.status }).toEqual({ what, status: problem.status })
}

/** The others take nothing that could be wrong. */
const taking = names.filter(name => ['params', 'query', 'body'].some(input => input in ROUTES[name]))

describe.each(taking)('%s', name => {
  const route: Route = ROUTES[name]
  const cases = CASES[name]
  const method = route.method.toUpperCase()
  const valid = route.body ? { body: cases.body } : {}

  /** Whatever is refused leaves no trace in any table, and no repository. */
  async function leavesNothing(work: () => Promise<void>): Promise<void> {
    const before = [await digest(api.db), await readdir(api.repositories)]
    await work()
    expect([await digest(api.db), await readdir(api.repositories)]).toEqual(before)
  }

  if (route.params)
    test('ids that are malformed, unknown or another organization’s', () =>
      leavesNothing(async () => {
        for (const id of ['1', 'x', '%00', '..%2f', `${randomUUID()}x`, '%E0%A4%A']) {
          expectProblem(await api.send(method, pathOf(route.path, own, id), valid), 'invalid_request', id)
        }
        expectProblem(await api.send(method, pathOf(route.path, own, randomUUID()), valid), 'not_found', 'unknown')
        expectProblem(await api.send(method, pathOf(route.path, foreign), valid), 'not_found', 'another organization’s')
      }))

  if (cases.badQueries)
    test('queries that mean nothing', () =>
      leavesNothing(async () => {
        for (const query of cases.badQueries ?? []) {
          expectProblem(await api.send(method, `${pathOf(route.path, own)}?${query}`), 'invalid_request', query)
        }
      }))

  if (cases.badBodies)
    test('bodies that are wrong', () =>
      leavesNothing(async () => {
        for (const { is, body, code = 'invalid_request', status } of cases.badBodies ?? []) {
          const sent = await api.send(method, pathOf(route.path, own), { body })
          expectProblem(sent, code, is)
          if (status) expect(sent.status).toBe(status)
          if (code === 'invalid_request') expect(sent.json.errors, is).not.toEqual([])
        }
        expect(existsSync('/tmp/slipway-owned')).toBe(false)
      }))

  if (route.method === 'post' || route.method === 'patch')
    test('what is no JSON object', () =>
      leavesNothing(async () => {
        const path = pathOf(route.path, own)
        const send = (raw: string, type = 'application/json') =>
          api.send(method, path, { raw, headers: { 'content-type': type } })
        for (const raw of ['{"a":', '{', 'text', '[]', '[{}]', '7', '"text"', '{"__unknown":1}', '['.repeat(50_000)]) {
          expectProblem(await send(raw), 'invalid_request', raw.slice(0, 20))
        }
        expectProblem(await send('{}', 'text/plain'), 'invalid_request', 'another content type')
        expectProblem(await send('{}', 'application/json; charset=utf-7'), 'invalid_request', 'another charset')
        const big = JSON.stringify({ text: 'x'.repeat(LIMITS.http.jsonBodyBytes) })
        expectProblem(await send(big), 'body_too_large', 'a big body')
      }))
})

describe('beyond the table', () => {
  test.each([
    ['GET', '/api/v1/nothing'],
    ['PUT', '/api/v1/projects'],
    ['POST', '/api/v1/ops/overview'],
    ['DELETE', '/api/v2/projects'],
    ['GET', '/socket.io/'],
    ['POST', '/anything'],
  ])('%s %s is not found', async (method, path) => {
    expectProblem(await api.send(method, path), 'not_found', path)
  })

  test('moves that are not legal say the state', async () => {
    const { client } = api.admin
    const { items } = await client.createTasks({
      params: { id: own.projects },
      body: { tasks: [{ key: 'legal', title: 'Legal', plan: 'x' }] },
    })
    const id = items[0]!.id
    const before = await digest(api.db)
    for (const move of ['cancel', 'retry', 'apply']) {
      const sent = await api.send('POST', `/api/v1/tasks/${id}/${move}`)
      expectProblem(sent, 'illegal_state', move)
      expect(sent.json.detail).toContain('draft')
    }
    expectProblem(await api.send('GET', `/api/v1/tasks/${id}/diff`), 'illegal_state', 'diff')
    expect(await digest(api.db)).toBe(before)
  })

  test('an edge that would close a circle, and one to another organization’s task', async () => {
    const { client } = api.admin
    const { items } = await client.createTasks({
      params: { id: own.projects },
      body: {
        tasks: [
          { key: 'first', title: 'First', plan: 'x' },
          { key: 'second', title: 'Second', plan: 'x', dependsOn: ['first'] },
        ],
      },
    })
    const [first, second] = items
    const before = await digest(api.db)
    const edit = (dependsOn: string[]) => api.send('PATCH', `/api/v1/tasks/${first!.id}`, { body: { dependsOn } })
    expectProblem(await edit([second!.id]), 'cycle', 'a circle')
    expectProblem(await edit([first!.id]), 'cycle', 'itself')
    expectProblem(await edit([foreign.tasks]), 'invalid_request', 'another organization’s')
    const created = await api.send('POST', `/api/v1/projects/${own.projects}/tasks`, {
      body: { tasks: [{ key: 'x', title: 'X', plan: 'x', dependsOn: [foreign.tasks] }] },
    })
    expectProblem(created, 'invalid_request', 'another organization’s, in a draft')
    const accepted = await api.send('POST', `/api/v1/projects/${own.projects}/tasks/accept`, {
      body: { taskIds: [foreign.tasks] },
    })
    expectProblem(accepted, 'not_found', 'another organization’s, to accept')
    expect(await digest(api.db)).toBe(before)
  })
})
