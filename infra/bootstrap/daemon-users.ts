import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { daemonPidFile, runningDaemon, stopDaemon } from './docker.ts'

const folder = '/run/slipway/users'

/** Notes that an installation uses the Docker daemon that one of us started by hand, so that no other stops it under its feet. */
export function noteDaemonUse(installation: string): void {
  if (runningDaemon(daemonPidFile) === null) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, installation), '')
}

/** Takes the note back, and stops the daemon when it was started by one of us and nobody uses it any more. True when it was stopped. */
export async function leaveDaemon(installation: string): Promise<boolean> {
  rmSync(join(folder, installation), { force: true })
  if (existsSync(folder) && readdirSync(folder).length > 0) return false
  return stopDaemon(daemonPidFile)
}
