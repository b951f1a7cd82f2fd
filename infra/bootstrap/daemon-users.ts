import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { daemonPidFile, runningDaemon, stopDaemon } from './docker.ts'

/*
 * Who uses the Docker daemon that one of us started by hand: the state folders of installations and of clones that run tests. One leaves
 * it without stopping it under the feet of another; a folder that was deleted uses nothing any more.
 */

const usersOf = (pidFile: string) => join(dirname(pidFile), 'users')
const noteOf = (folder: string, pidFile: string) =>
  join(usersOf(pidFile), createHash('sha256').update(folder).digest('hex').slice(0, 16))

/** Notes that the folder's owner uses the daemon of the pid file, where one of us started it. Makes the folder if need be. */
export function noteDaemonUse(folder: string, pidFile = daemonPidFile): void {
  if (runningDaemon(pidFile) === null) return
  mkdirSync(folder, { recursive: true })
  mkdirSync(usersOf(pidFile), { recursive: true })
  writeFileSync(noteOf(folder, pidFile), folder)
}

/** Takes the note back, and stops a daemon of ours that nobody uses any more. True when it was stopped. */
export async function leaveDaemon(folder: string, pidFile = daemonPidFile): Promise<boolean> {
  rmSync(noteOf(folder, pidFile), { force: true })
  const users = usersOf(pidFile)
  const notes = existsSync(users) ? readdirSync(users).map(name => join(users, name)) : []
  if (notes.some(note => existsSync(readFileSync(note, 'utf8')))) return false
  for (const note of notes) rmSync(note, { force: true })
  return stopDaemon(pidFile)
}
