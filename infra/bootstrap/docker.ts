import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Docker from 'dockerode'
import { which } from './run.ts'
import { lastLines, openLog } from './server-process.ts'

const startDeadline = 60_000
const pingDeadline = 10_000

export type DaemonOptions = {
  /** File that gets the daemon's output. */
  logFile: string
  /** File that gets the daemon's process id, so that whoever started it can stop it. */
  pidFile: string
  /**
   * Another command line than plain `dockerd`. A second daemon on one machine needs its own socket and roots and, as each tidies up
   * bridges and firewall rules that it takes for its own, a network namespace.
   */
  command?: [string, ...string[]]
  /** Path of the socket to wait on. */
  socket?: string
  /** Where dockerd itself keeps its process id. */
  ownPidFile?: string
}

/** A client for the engine that DOCKER_HOST names, or for the given unix socket; else for the usual local socket. */
export function dockerClient(socket?: string): Docker {
  return socket ? new Docker({ socketPath: socket }) : new Docker()
}

/** True when an engine answers. */
export async function dockerAnswers(docker: Docker): Promise<boolean> {
  const answer = docker.ping().then(
    () => true,
    () => false,
  )
  return Promise.race([answer, delay(pingDeadline, false, { ref: false })])
}

/** Where the process id of a daemon that we started lies: one for the machine, as it serves every installation on it. */
export const daemonPidFile = '/run/slipway/dockerd.pid'

/** Starts dockerd in a session of its own and waits until it answers. Throws with the end of its log when it does not. */
export async function startDaemon(options: DaemonOptions): Promise<void> {
  const { logFile, pidFile, socket, ownPidFile = '/run/docker.pid' } = options
  const [program, ...args] = options.command ?? [which('dockerd') ?? 'dockerd']
  mkdirSync(dirname(pidFile), { recursive: true })
  // dockerd does not start while any process has the id in it, as happens after one that was killed.
  if (runningDaemon(ownPidFile) === null) rmSync(ownPidFile, { force: true })
  const log = openLog(logFile)
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  const exited = new Promise<void>(resolve => child.on('exit', () => resolve()))
  const failed = new Promise<never>((_, reject) => child.on('error', reject))
  child.unref()
  if (child.pid) writeFileSync(pidFile, String(child.pid))
  const answered = await Promise.race([waitFor(dockerClient(socket)), exited.then(() => false), failed])
  // Another process may have started one at the same moment; then ours exits and theirs answers.
  if (answered || (await dockerAnswers(dockerClient(socket)))) return
  rmSync(pidFile, { force: true })
  throw new Error(`dockerd did not start:\n${lastLines(logFile, 8)}`)
}

/** Stops the daemon whose process id the file holds and waits for its end; false when there is none. */
export async function stopDaemon(pidFile: string): Promise<boolean> {
  const pid = runningDaemon(pidFile)
  if (pid === null) return false
  process.kill(pid, 'SIGTERM')
  while (runningDaemon(pidFile) !== null) await delay(100)
  rmSync(pidFile, { force: true })
  return true
}

/** The process id in the file, when a dockerd runs under it. */
export function runningDaemon(pidFile: string): number | null {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'))
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'dockerd' ? pid : null
  } catch {
    return null
  }
}

async function waitFor(docker: Docker): Promise<boolean> {
  const deadline = Date.now() + startDeadline
  while (Date.now() < deadline) {
    if (await dockerAnswers(docker)) return true
    await delay(200)
  }
  return false
}
