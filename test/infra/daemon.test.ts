import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { leaveDaemon, noteDaemonUse } from '../../infra/bootstrap/daemon-users.ts'
import { dockerAnswers, dockerClient, runningDaemon, startDaemon, stopDaemon } from '../../infra/bootstrap/docker.ts'
import { isDebianRoot, which } from '../../infra/bootstrap/run.ts'

const canStart = isDebianRoot() && which('dockerd') !== null
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-dockerd-'))
})
afterEach(async () => {
  await stopDaemon(join(folder, 'dockerd.pid'))
  rmSync(folder, { recursive: true, force: true })
})

function options(...more: string[]) {
  const socket = join(folder, 'docker.sock')
  const ownPidFile = join(folder, 'own.pid')
  const roots = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')]
  // vfs needs no file system of a certain kind.
  const args = ['-H', `unix://${socket}`, ...roots, '--storage-driver', 'vfs', '-p', ownPidFile, ...more]
  // In a network namespace, since a daemon deletes the bridge of another one.
  const command: [string, ...string[]] = ['unshare', '--net', which('dockerd') ?? 'dockerd', ...args]
  return { logFile: join(folder, 'dockerd.log'), pidFile: join(folder, 'dockerd.pid'), socket, ownPidFile, command }
}

test.runIf(canStart)('a daemon is started by hand, answers, and is stopped again', async () => {
  const daemon = options()
  expect(await dockerAnswers(dockerClient(daemon.socket))).toBe(false)
  // Left by one that was killed; the id belongs to another process by now.
  writeFileSync(daemon.ownPidFile, String(process.pid))
  await startDaemon(daemon)
  expect(await dockerAnswers(dockerClient(daemon.socket))).toBe(true)
  expect(runningDaemon(daemon.pidFile)).toBeGreaterThan(1)
  expect(await stopDaemon(daemon.pidFile)).toBe(true)
  expect(await dockerAnswers(dockerClient(daemon.socket))).toBe(false)
  expect(await stopDaemon(daemon.pidFile)).toBe(false)
})

test.runIf(canStart)('a daemon that does not start leaves its own words', async () => {
  await expect(startDaemon(options('--nonsense'))).rejects.toThrow(/unknown flag: --nonsense/)
})

test.runIf(canStart)('a daemon is stopped by the last who uses it, and stays for all others', async () => {
  const daemon = options()
  const [mine, other, deleted] = ['mine', 'other', 'deleted'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await startDaemon(daemon)
  for (const user of [mine, other, deleted]) noteDaemonUse(user, daemon.pidFile)
  rmSync(deleted, { recursive: true })
  expect(await leaveDaemon(mine, daemon.pidFile)).toBe(false)
  expect(await dockerAnswers(dockerClient(daemon.socket))).toBe(true)
  expect(await leaveDaemon(other, daemon.pidFile)).toBe(true)
  expect(await dockerAnswers(dockerClient(daemon.socket))).toBe(false)
  expect(await leaveDaemon(other, daemon.pidFile)).toBe(false)
})
