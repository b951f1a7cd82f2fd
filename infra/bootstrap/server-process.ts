import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
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

/**
 * Starts a program whose output goes to a log file; with `onMessage` it gets a Node message channel too. Throws when it cannot be
 * started.
 */
export async function startProcess(
  command: string,
  args: string[],
  options: SpawnOptions & { logFile: string; onMessage?: (message: unknown) => void },
): Promise<ServerProcess> {
  const { logFile, onMessage, ...spawnOptions } = options
  const log = openLog(logFile)
  const stdio: SpawnOptions['stdio'] = onMessage ? ['ignore', log, log, 'ipc'] : ['ignore', log, log]
  const child = spawn(command, args, { ...spawnOptions, stdio })
  closeSync(log)
  if (onMessage) child.on('message', onMessage)
  const exited = new Promise<void>(resolve => child.on('close', () => resolve()))
  await new Promise<void>((resolve, reject) => child.on('spawn', resolve).on('error', reject))
  return { pid: child.pid ?? 0, exited, stop: (signal, deadline) => stopChild(child, exited, signal, deadline) }
}

/** Opens a log for appending; one that has grown past 20 MB becomes `.1` first, so that logs stay bounded over many starts. */
export function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true })
  if (existsSync(file) && statSync(file).size > 20_000_000) renameSync(file, `${file}.1`)
  return openSync(file, 'a')
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
