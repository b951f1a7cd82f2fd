import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from './run.ts'

/** Notes a process. */
export function writePid(file: string, pid: number): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, String(pid))
}

/** The noted process while it runs and its command line holds the marker (ids are used again by other programs), else null. */
export async function runningPid(file: string, marker: string): Promise<number | null> {
  const pid = Number(readText(file))
  if (!pid) return null
  return (await processCommand(pid))?.includes(marker) ? pid : null
}

/** The command line of a process, or null when none runs under this id. */
export async function processCommand(pid: number): Promise<string | null> {
  if (process.platform === 'linux') {
    // A process that has ended and was not fetched yet has an empty command line.
    return readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() || null
  }
  const { code, stdout } = await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)])
  return code === 0 ? stdout.trim() : null
}

/** Ends the noted process if it still runs: asks, waits, and past the deadline kills. True when there was one. */
export async function stopPid(file: string, marker: string, deadlineMs = 30_000): Promise<boolean> {
  const pid = await runningPid(file, marker)
  if (pid !== null) {
    process.kill(pid, 'SIGTERM')
    const deadline = Date.now() + deadlineMs
    while ((await runningPid(file, marker)) !== null) {
      if (Date.now() > deadline) process.kill(pid, 'SIGKILL')
      await delay(100)
    }
  }
  rmSync(file, { force: true })
  return pid !== null
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
