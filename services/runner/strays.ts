import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { clip } from './text.ts'

const CLEAR_DEADLINE_MS = 5_000
const NAME_CHARS = 40

/** Ends what commands leave behind. */
export type Strays = {
  /** Kills them all and waits until they are gone. @returns their names, one each; empty when there was nothing */
  clear(): Promise<string[]>
}

type Stray = { pid: number; name: string }

/**
 * Takes everything in this process's pid namespace as left behind, except init (pid 1) and the runner itself. Only for a
 * container of one's own: anywhere else it would kill whatever the user owns.
 * @throws when `clear` finds a process that does not die within 5 s
 */
export function createContainerStrays(self = process.pid): Strays {
  return {
    clear: async () => {
      const found = await running(self)
      const names = found.map(stray => stray.name)
      const deadline = Date.now() + CLEAR_DEADLINE_MS
      for (let left = found; left.length > 0; left = await running(self)) {
        if (Date.now() > deadline)
          throw new Error(`these processes do not end: ${left.map(stray => stray.name).join(', ')}`)
        // To -1: everybody but init and the caller, in one step that a fork bomb cannot outrun.
        killAll()
        await delay(5)
      }
      return names
    },
  }
}

function killAll(): void {
  try {
    process.kill(-1, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function running(self: number): Promise<Stray[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const others = pids.filter(pid => pid !== 1 && pid !== self)
  const read = await Promise.all(others.map(describe))
  return read.filter(stray => stray !== null)
}

/** Null for one that is gone, or dead and only not yet collected by its parent. */
async function describe(pid: number): Promise<Stray | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // pid (name, which may hold anything) state …
    const end = stat.lastIndexOf(')')
    const state = stat[end + 2]
    if (state === 'Z' || state === 'X') return null
    // The name that it was called by: the kernel's own is that of a thread, or cut.
    const [called = ''] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
    const name = basename(called) || stat.slice(stat.indexOf('(') + 1, end)
    return { pid, name: clip(name, NAME_CHARS) }
  } catch {
    return null
  }
}
