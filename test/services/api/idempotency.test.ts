import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forgetAnswers } from '../../../services/api/idempotency.ts'
import { ROUTES, type Route, type RouteName } from '../../../shared/contract/routes.ts'
import { random, scale } from '../../support/scale.ts'
import { CASES, makeFixture, pathOf } from './cases.ts'
import { type Sent, startApi, type TestApi } from './support.ts'

let api: TestApi
let projectId: string

beforeAll(async () => {
  api = await startApi()
  projectId = (await api.admin.client.createProject({ body: { name: 'Once' } })).id
})
afterAll(() => api.close())

const drafts = (key: string) => ({ tasks: [{ key, title: key, plan: 'Do it.' }] })
const create = (idempotencyKey: string, body: unknown, token = api.admin.token): Promise<Sent> =>
  api.send('POST', `/api/v1/projects/${projectId}/tasks`, {
    body,
    token,
    headers: { 'idempotency-key': idempotencyKey },
  })
const countTasks = () => api.db.prisma.task.count({ where: { projectId } })

test('many clients that repeat the same requests make each thing once', async () => {
  const chance = random()
  const keys = Array.from({ length: scale(2_000) }, (_, n) => `load-${n}`)
  const posts = keys.flatMap(key => Array.from({ length: 5 }, () => key)).sort(() => chance() - 0.5)
  const before = await countTasks()
  const answers = new Map<string, Set<string>>(keys.map(key => [key, new Set()]))
  let conflicts = 0

  const client = async () => {
    for (let key = posts.pop(); key !== undefined; key = posts.pop()) {
      let sent = await create(key, drafts(key))
      // One that comes too early is to try again.
      while (sent.status === 409 && sent.json.code === 'conflict') {
        conflicts++
        await pause(25)
        sent = await create(key, drafts(key))
      }
      expect(sent.status, sent.text).toBe(201)
      answers.get(key)!.add(sent.json.items[0].id)
    }
  }
  await Promise.all(Array.from({ length: 50 }, client))

  expect((await countTasks()) - before).toBe(keys.length)
  expect([...answers.values()].every(ids => ids.size === 1)).toBe(true)
  expect(conflicts, 'some came while the first was under way').toBeGreaterThan(0)
})

describe('a repeated request', () => {
  test('gets the first answer again, also after things have changed', async () => {
    const first = await create('again', drafts('again'))
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    await api.admin.client.updateTask({ params: { id: first.json.items[0].id }, body: { title: 'Changed' } })
    const second = await create('again', drafts('again'))
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect([second.status, second.json]).toEqual([first.status, first.json])
  })

  test('gets a refusal again as well', async () => {
    const body = drafts('refused')
    body.tasks.push(body.tasks[0]!)
    const [first, second] = [await create('refused', body), await create('refused', body)]
    expect(first.status).toBe(400)
    expect(second.text).toBe(first.text)
    expect(second.headers.get('content-type')).toContain('application/problem+json')
    expect(second.headers.get('idempotency-replayed')).toBe('true')
  })

  test('with another body is refused, also while the first is under way', async () => {
    await create('other', drafts('other'))
    const before = await countTasks()
    const sent = await create('other', drafts('something else'))
    expect([sent.status, sent.json.code]).toEqual([422, 'idempotency_mismatch'])
    const [early, late] = await Promise.all([create('race', drafts('r1')), create('race', drafts('r2'))])
    expect([early.status, late.status].sort()).toEqual([201, 422])
    expect(await countTasks()).toBe(before + 1)
  })

  test('of another person with the same key is another request', async () => {
    const mine = await create('shared', drafts('mine'))
    const theirs = await create('shared', drafts('theirs'), api.member.token)
    expect([mine.status, theirs.status]).toEqual([201, 201])
  })

  test('on another path with the same key is another request', async () => {
    await create('path', drafts('path'))
    const sent = await api.send('POST', `/api/v1/projects/${projectId}/threads`, {
      body: { title: 'x' },
      headers: { 'idempotency-key': 'path' },
    })
    expect(sent.json.code).toBe('idempotency_mismatch')
  })

  test('a day later is a new one', async () => {
    await create('old', drafts('old-1'))
    await api.db.prisma.$executeRaw`
      UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'old'`
    expect((await create('old', drafts('old-2'))).status).toBe(201)
    await api.db.prisma.$executeRaw`
      UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'old'`
    expect(await forgetAnswers(api.db)).toBe(1)
  })

  test('whose first one died without an answer is never done a second time', async () => {
    await create('dead', drafts('dead'))
    await api.db.prisma.$executeRaw`UPDATE idempotency_keys SET status = NULL, response = NULL WHERE key = 'dead'`
    const sent = await create('dead', drafts('dead'))
    expect([sent.status, sent.json.code]).toEqual([409, 'conflict'])
  })
})

test('a failure of ours frees the key', async () => {
  const ask = () => create('failing', drafts('Broken'))
  await api.db.prisma.$executeRaw`ALTER TABLE threads ADD CONSTRAINT broken CHECK (title <> 'Broken')`
  const first = await ask()
  await api.db.prisma.$executeRaw`ALTER TABLE threads DROP CONSTRAINT broken`
  expect([first.status, first.json.code]).toEqual([500, 'internal'])
  expect(first.text).not.toContain('constraint')
  expect((await ask()).status).toBe(201)
})

test.each(['a b', 'a\tb', 'caf\u00e9', 'x'.repeat(256)])('the key %j cannot be used', async key => {
  const before = await countTasks()
  const sent = await create(key, drafts(randomUUID()))
  expect([sent.status, sent.json.code]).toEqual([400, 'invalid_request'])
  expect(await countTasks()).toBe(before)
})

const posts = (Object.keys(ROUTES) as RouteName[])
  .map(name => ({ name, ...(ROUTES[name] as Route) }))
  .filter(({ method, access }) => method === 'post' && access !== 'none')

test.each(posts)('POST $path takes a key', async ({ name, path, body }) => {
  const fixture = await makeFixture(api, api.admin)
  const ask = () =>
    api.send('POST', pathOf(path, fixture), {
      ...(body && { body: CASES[name].body }),
      headers: { 'idempotency-key': `table-${name}` },
    })
  const [first, second] = [await ask(), await ask()]
  expect(second.headers.get('idempotency-replayed')).toBe('true')
  expect([second.status, second.text]).toEqual([first.status, first.text])
})
