import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** A program that runs in the background of this process. */
export type ServerProcess = {
  pid: number
  /** Settles when the process has ended, however that came about. */
  exited: Promise<void>
  /** Sends the signal and waits for the end; past the deadline it kills. Harmless on a process that has ended. */
  stop(signal?: NodeJS.Signals, deadlineMs?: number): Promise<void>
}

/** Starts a program whose output goes to a log file. Throws when it cannot be started. */
export async function startProcess(
  command: string,
  args: string[],
  options: SpawnOptions & { logFile: string },
): Promise<ServerProcess> {
  const { logFile, ...spawnOptions } = options
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'a')
  const child = spawn(command, args, { stdio: ['ignore', log, log], ...spawnOptions })
  closeSync(log)
  const exited = new Promise<void>(resolve => child.on('close', () => resolve()))
  await new Promise<void>((resolve, reject) => child.on('spawn', resolve).on('error', reject))
  return { pid: child.pid ?? 0, exited, stop: (signal, deadline) => stopChild(child, exited, signal, deadline) }
}

/** Tries until it succeeds; gives up when the process has ended or the time is over, with the end of its log. */
export async function untilReady(
  server: ServerProcess,
  logFile: string,
  attempt: () => Promise<unknown>,
  deadlineMs = 60_000,
): Promise<void> {
  let running = true
  void server.exited.then(() => {
    running = false
  })
  const deadline = Date.now() + deadlineMs
  let last: unknown
  while (running && Date.now() < deadline) {
    try {
      await attempt()
      return
    } catch (error) {
      last = error
    }
    await delay(100)
  }
  await server.stop('SIGKILL')
  throw new Error(`${running ? `no answer (${last})` : 'ended at once'}; its log ends:\n${lastLines(logFile, 12)}`)
}

/** The last lines of a file, or nothing where there is none. */
export function lastLines(file: string, count: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  } catch {
    return ''
  }
}

async function stopChild(
  child: ChildProcess,
  exited: Promise<void>,
  signal: NodeJS.Signals = 'SIGTERM',
  deadlineMs = 30_000,
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return exited
  child.kill(signal)
  const kill = setTimeout(() => child.kill('SIGKILL'), deadlineMs)
  await exited
  clearTimeout(kill)
}
