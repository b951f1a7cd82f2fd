import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApi, type TestApi } from './support.ts'

let api: TestApi
let webRoot: string
const lines: string[] = []

beforeAll(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'slipway-web-'))
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  api = await startApi({ webRoot, log: pino({ level: 'debug' }, sink) })
})
afterAll(async () => {
  await api.close()
  await rm(webRoot, { recursive: true, force: true })
})

const open = (path: string, headers: Record<string, string> = {}) =>
  api.send('GET', path, { token: null, headers: { accept: 'text/html,*/*', ...headers } })

describe('the web app', () => {
  test('that is not built is explained', async () => {
    const page = await open('/')
    expect(page.status).toBe(503)
    expect(page.text).toContain('make up')
  })

  test('is served for every path that a browser opens, but not for those of programs', async () => {
    await writeFile(join(webRoot, 'index.html'), '<!doctype html><title>Slipway</title>')
    await mkdir(join(webRoot, 'assets'))
    await writeFile(join(webRoot, 'assets', 'app-1a2b.js'), 'export {}')
    for (const path of ['/', '/sign-in', '/p/some-id/board', '/index.html']) {
      const page = await open(path)
      expect([page.status, page.text], path).toEqual([200, '<!doctype html><title>Slipway</title>'])
      expect(page.headers.get('cache-control')).toBe('no-cache')
    }
    expect((await open('/assets/app-1a2b.js')).headers.get('cache-control')).toContain('immutable')
    for (const path of ['/api/v1/nothing', '/git/nothing', '/internal/v1/x', '/socket.io/']) {
      expect((await open(path)).text, path).not.toContain('<!doctype html><title>Slipway</title>')
    }
    expect((await open('/api/v1/nothing')).json.code).toBe('not_found')
    expect((await api.send('POST', '/', { token: null })).status).toBe(404)
    expect((await api.send('GET', '/board', { headers: { accept: 'application/json' } })).status).toBe(404)
  })

  test('comes with headers that keep strange scripts out', async () => {
    const { headers } = await open('/')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toContain("script-src 'self' 'unsafe-inline'")
    expect(policy).toContain("object-src 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('strict-transport-security')).toBeNull()
    expect(headers.get('x-powered-by')).toBeNull()
  })
})

describe('the log', () => {
  test('has a line for each request with its id, and no secrets', async () => {
    lines.length = 0
    const sent = await api.send('GET', '/api/v1/projects?cursor=hunter2', {
      headers: { 'x-request-id': 'my-request.1' },
    })
    expect(sent.headers.get('x-request-id')).toBe('my-request.1')
    await api.send('POST', '/api/v1/auth/sign-in', { token: null, body: { code: 'slw_signin_hunter2' } })
    const all = lines.join('')
    const line = lines.map(each => JSON.parse(each)).find(each => each.id === 'my-request.1')
    expect(line).toMatchObject({
      msg: 'request.answered',
      method: 'GET',
      path: '/api/v1/projects',
      status: 400,
      tokenId: api.admin.tokenId,
    })
    expect(all).not.toContain('hunter2')
    expect(all).not.toContain(api.admin.token)
  })

  test('takes no id that could forge a line', async () => {
    const sent = await api.send('GET', '/healthz', { headers: { 'x-request-id': 'a b {"level":60}' } })
    expect(sent.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})
