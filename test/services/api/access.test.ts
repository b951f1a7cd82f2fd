import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROUTES, type Route, type RouteName } from '../../../shared/contract/routes.ts'
import { CASES, type Fixture, makeFixture, pathOf } from './cases.ts'
import { type Sent, startApi, type TestApi } from './support.ts'

let api: TestApi
let own: Fixture

beforeAll(async () => {
  api = await startApi()
  own = await makeFixture(api, api.admin)
})
afterAll(() => api.close())

const matrix = (Object.keys(ROUTES) as RouteName[]).map(name => ({ name, ...(ROUTES[name] as Route) }))
const WRONG = `slw_${'x'.repeat(43)}`

describe.each(matrix)('$method $path', ({ name, method, path, access, body, params }) => {
  const ask = async (token: string | null): Promise<Sent> => {
    // Whoever may delete something really does.
    const fixture = name.startsWith('delete') && token !== null ? await makeFixture(api, api.admin) : own
    return api.send(method.toUpperCase(), pathOf(path, fixture), { token, ...(body && { body: CASES[name].body }) })
  }
  const refused = (sent: Sent, code: string) => {
    expect([sent.status, sent.json?.code]).toEqual([{ unauthorized: 401, forbidden: 403, not_found: 404 }[code], code])
  }
  const letIn = (sent: Sent) => {
    expect([401, 403, 404], sent.text).not.toContain(sent.status)
    expect(sent.status).toBeLessThan(500)
  }

  if (access === 'none') {
    test('is open to everybody, but a wrong code gets nobody in', async () => {
      refused(await ask(null), 'unauthorized')
      refused(await ask(api.admin.token), 'unauthorized')
    })
    return
  }

  test.each([null, '', 'nonsense', WRONG])('is closed to the token %j', async token => {
    refused(await ask(token), 'unauthorized')
  })

  test('shows another organization nothing of ours', async () => {
    const sent = await ask(api.stranger.token)
    if (params) refused(sent, 'not_found')
    else {
      letIn(sent)
      expect(sent.text).not.toContain(own.projects)
    }
  })

  test(access === 'admin' ? 'is closed to members' : 'is open to members', async () => {
    if (access === 'admin') refused(await ask(api.member.token), 'forbidden')
    else letIn(await ask(api.member.token))
  })

  test('is open to administrators', async () => letIn(await ask(api.admin.token)))
})

describe('the queue browser', () => {
  const path = '/api/v1/ops/queues/ui'

  test('is closed without an administrator’s token', async () => {
    expect((await api.send('GET', path, { token: null })).status).toBe(401)
    expect((await api.send('GET', path, { token: api.member.token })).status).toBe(403)
    expect((await api.send('GET', `${path}/?token=${api.admin.token}`, { token: null })).status).toBe(401)
    expect((await api.send('POST', `${path}/session`, { token: api.member.token })).status).toBe(403)
  })

  test('opens in a browser for whoever has begun a session, and changes nothing', async () => {
    expect((await api.send('GET', path)).text).toContain('<html')
    const session = await api.send('POST', `${path}/session`)
    expect(session.status).toBe(204)
    const cookie = session.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^slipway_queues=slw_.*HttpOnly.*SameSite=Strict/)
    const headers = { cookie: cookie.split(';')[0]! }
    expect((await api.send('GET', `${path}/api/queues`, { token: null, headers })).json.queues).toHaveLength(3)
    // The cookie is good for nothing else, and nobody can change a queue.
    expect((await api.send('GET', '/api/v1/me', { token: null, headers })).status).toBe(401)
    expect((await api.send('POST', `${path}/session`, { token: null, headers })).status).toBe(401)
    expect((await api.send('PUT', `${path}/api/queues/tasks/pause`)).status).toBe(403)
  })
})

test('a sign-in link becomes a session once', async () => {
  const { organizationId, userId } = api.member
  const code = await api.tokens.issue({ kind: 'signin', organizationId, userId, label: 'link' })
  const signIn = () => api.send('POST', '/api/v1/auth/sign-in', { token: null, body: { code: code.token } })
  const { status, json } = await signIn()
  expect(status).toBe(200)
  const me = await api.send('GET', '/api/v1/me', { token: json.token })
  expect(me.json).toMatchObject({
    user: { id: userId, role: 'member' },
    organization: { slug: 'default', plan: 'pro', limit: 10 },
    models: ['runbook'],
    defaultModel: 'runbook:default',
  })
  expect((await signIn()).status).toBe(401)
})
