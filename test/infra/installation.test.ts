import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { removeContainers } from '../../infra/bootstrap/down.ts'
import { installationId, layout, readEmbedded, writePrivateJson } from '../../infra/bootstrap/layout.ts'
import { processCommand, runningPid, stopPid, writePid } from '../../infra/bootstrap/pid-file.ts'
import { isPortFree, preferPort } from '../../infra/bootstrap/ports.ts'
import { startProcess } from '../../infra/bootstrap/server-process.ts'
import { readSettings } from '../../infra/bootstrap/settings.ts'
import { docker, sandboxImage } from '../support/servers.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-installation-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('an installation keeps its id and its password; another has its own', () => {
  const [one, other] = [layout(join(folder, 'one')), layout(join(folder, 'other'))]
  expect(installationId(one)).toMatch(/^[0-9a-f]{12}$/)
  expect(installationId(one)).toBe(installationId(layout(join(folder, 'one'))))
  expect(installationId(other)).not.toBe(installationId(one))
  const embedded = readEmbedded(one)
  writePrivateJson(one.embedded, embedded)
  expect(readEmbedded(one)).toEqual(embedded)
  expect(statSync(one.embedded).mode & 0o777).toBe(0o600)
})

test('settings come from the environment, and what is not set there from .env', () => {
  writeFileSync(join(folder, '.env'), 'PORT=4100\nLOG_LEVEL=debug\nSLIPWAY_DATA=data\n')
  const settings = readSettings({ PORT: '4200', LOG_LEVEL: '' }, folder)
  expect(settings.config).toMatchObject({ port: 4200, logLevel: 'debug' })
  expect(settings.dataDir).toBe(join(folder, 'data'))
  expect(settings.localUrl).toBe('http://127.0.0.1:4200')
  expect(() => readSettings({ PORT: 'any', RATE_LIMIT: 'none' }, folder)).toThrow(/PORT[\s\S]*RATE_LIMIT/)
})

test('a program is stopped by its note only while it is that program', async () => {
  const sleeper = await startProcess('sleep', ['600'], { logFile: join(folder, 'log') })
  const file = join(folder, 'run/sleep.pid')
  writePid(file, sleeper.pid)
  expect(await runningPid(file, 'something else')).toBeNull()
  expect(await stopPid(file, 'something else')).toBe(false)
  expect(await processCommand(sleeper.pid)).toBe('sleep 600')
  writePid(file, sleeper.pid)
  expect(await stopPid(file, 'sleep 600')).toBe(true)
  await sleeper.exited
  expect(await runningPid(file, 'sleep 600')).toBeNull()
})

test('the preferred port is taken when it is free, else another', async () => {
  const port = await preferPort(undefined)
  expect(await preferPort(port)).toBe(port)
  const { createServer } = await import('node:net')
  const server = createServer().listen(port, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  expect(await isPortFree(port)).toBe(false)
  expect(await preferPort(port)).not.toBe(port)
  server.close()
})

test('only the containers of one installation are removed, running or not', async () => {
  const engine = docker()
  const [mine, other] = [`test-${process.pid}-a`, `test-${process.pid}-b`]
  const make = (installation: string) =>
    engine.createContainer({
      Image: sandboxImage(),
      Cmd: ['sleep', '600'],
      Labels: { 'slipway.installation': installation },
      HostConfig: { NetworkMode: 'none' },
    })
  const count = async (installation: string) =>
    (await engine.listContainers({ all: true, filters: { label: [`slipway.installation=${installation}`] } })).length
  const containers = [await make(mine), await make(mine), await make(other)]
  await containers[0]!.start()
  await removeContainers(engine, mine)
  expect([await count(mine), await count(other)]).toEqual([0, 1])
  await removeContainers(engine, other)
  expect(await count(other)).toBe(0)
})
