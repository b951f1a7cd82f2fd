import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Credentials } from '../../infra/bootstrap/credentials.ts'
import { dockerAnswers } from '../../infra/bootstrap/docker.ts'
import { layout } from '../../infra/bootstrap/layout.ts'
import { processCommand } from '../../infra/bootstrap/pid-file.ts'
import { freePort } from '../../infra/bootstrap/ports.ts'
import { type RunResult, run } from '../../infra/bootstrap/run.ts'
import { eventually } from '../support/eventually.ts'
import { docker, sandboxImage } from '../support/servers.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'slipway-up-'))
const paths = layout(join(folder, 'data'))
let env: NodeJS.ProcessEnv

const bootstrap = (script: string): Promise<RunResult> =>
  run(process.execPath, [join(root, `infra/bootstrap/${script}.ts`)], { cwd: root, env })

const credentials = (): Credentials => JSON.parse(readFileSync(paths.credentials, 'utf8'))
const pidOf = (name: string) => Number(readFileSync(paths.pid(name), 'utf8'))

async function me(): Promise<number> {
  const { url, token } = credentials()
  const response = await fetch(`${url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
  return response.status
}

beforeAll(async () => {
  chmodSync(folder, 0o755)
  const kept = ['PATH', 'HOME', 'DOCKER_HOST', 'NODE_EXTRA_CA_CERTS'].map(name => [name, process.env[name]])
  const own = { SLIPWAY_DATA: paths.dataDir, PORT: String(await freePort()), SANDBOX_IMAGE: sandboxImage() }
  env = { ...Object.fromEntries(kept.filter(([, value]) => value !== undefined)), ...own }
})
afterAll(async () => {
  await bootstrap('clean')
  rmSync(folder, { recursive: true, force: true })
})

test('up brings everything, tells how to get in, and does it again without harm', { timeout: 180_000 }, async () => {
  const first = await bootstrap('up')
  expect(first, first.stderr).toMatchObject({ code: 0 })
  const { token, url } = credentials()
  expect(statSync(paths.credentials).mode & 0o777).toBe(0o600)
  for (const word of [url, token, paths.dataDir, `${url}/signin#code=`]) expect(first.stdout).toContain(word)
  expect(await me()).toBe(200)
  const pid = pidOf('services')
  expect(await bootstrap('up')).toMatchObject({ code: 0 })
  expect(credentials().token).toBe(token)
  expect(pidOf('services')).toBe(pid)
})

test('services and servers that are killed come back, at the same addresses', { timeout: 120_000 }, async () => {
  const before = credentials()
  const killed = ['services', 'redis'].map(pidOf)
  for (const pid of killed) process.kill(pid, 'SIGKILL')
  await eventually(() => expect(killed).not.toContain(pidOf('services')))
  await eventually(() => expect(killed).not.toContain(pidOf('redis')))
  await eventually(async () => expect(await me()).toBe(200), { timeoutMs: 60_000 })
  expect(credentials()).toEqual(before)
})

test('up repairs what a killed supervisor left behind', { timeout: 120_000 }, async () => {
  const left = pidOf('services')
  process.kill(pidOf('supervisor'), 'SIGKILL')
  expect(await bootstrap('up')).toMatchObject({ code: 0 })
  expect(pidOf('services')).not.toBe(left)
  expect(await me()).toBe(200)
})

test('down ends processes and containers and keeps the data; clean deletes it', { timeout: 120_000 }, async () => {
  const label = `slipway.installation=${readFileSync(paths.installation, 'utf8').trim()}`
  const [key = '', value = ''] = label.split('=')
  const container = await docker().createContainer({
    Image: sandboxImage(),
    Cmd: ['sleep', '600'],
    Labels: { [key]: value },
  })
  const pids = ['supervisor', 'services', 'redis'].map(pidOf)
  const database = new URL(credentials().databaseUrl)
  expect(await bootstrap('down')).toMatchObject({ code: 0 })
  for (const pid of pids) expect(await processCommand(pid)).toBeNull()
  await expect(fetch(`http://127.0.0.1:${database.port}`)).rejects.toThrow()
  await expect(container.inspect()).rejects.toMatchObject({ statusCode: 404 })
  const kept = credentials()
  expect(await bootstrap('up')).toMatchObject({ code: 0 })
  expect(credentials()).toEqual(kept)
  expect(await me()).toBe(200)
  expect(await bootstrap('clean')).toMatchObject({ code: 0 })
  expect(existsSync(paths.dataDir)).toBe(false)
  // The tests use the machine's engine too.
  expect(await dockerAnswers(docker())).toBe(true)
})
