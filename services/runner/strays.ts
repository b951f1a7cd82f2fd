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

type Stray = { pid: number; parent: number; name: string }

/**
 * Takes everything in this process's pid namespace as left behind, except init (pid 1), the runner itself, and what was put into
 * the container from outside (an MCP server) with what that started. Only for a container of one's own: anywhere else it would
 * kill whatever the user owns.
 * @throws when `clear` finds a process that does not die within 5 s
 */
export function createContainerStrays(self = process.pid): Strays {
  return {
    clear: async () => {
      const found = await running(self)
      const names = found.strays.map(stray => stray.name)
      const deadline = Date.now() + CLEAR_DEADLINE_MS
      const frozen = new Set<number>()
      for (let { strays, guests } = found; strays.length > 0; { strays, guests } = await running(self)) {
        if (Date.now() > deadline)
          throw new Error(`these processes do not end: ${strays.map(stray => stray.name).join(', ')}`)
        // To -1: everybody but init and the caller, in one step that a fork bomb cannot outrun.
        if (guests === 0) signal(-1, 'SIGKILL')
        else freezeThenKill(strays, frozen)
        await delay(5)
      }
      return names
    },
  }
}

/**
 * One by one, as some must live: stops whom it has not seen yet, and kills only when nobody new has come. Who is stopped still
 * counts for the limit of processes, so that a fork bomb runs out of them.
 */
function freezeThenKill(strays: readonly Stray[], frozen: Set<number>): void {
  const fresh = strays.filter(({ pid }) => !frozen.has(pid))
  for (const { pid } of fresh) {
    signal(pid, 'SIGSTOP')
    frozen.add(pid)
  }
  if (fresh.length === 0) for (const { pid } of strays) signal(pid, 'SIGKILL')
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** What runs beside init and the runner, and how many of them came from outside. */
async function running(self: number): Promise<{ strays: Stray[]; guests: number }> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const read = await Promise.all(pids.filter(pid => pid !== 1 && pid !== self).map(describe))
  const others = read.filter(stray => stray !== null)
  const byPid = new Map(others.map(stray => [stray.pid, stray]))
  const strays = others.filter(stray => !isGuest(stray, byPid))
  return { strays, guests: others.length - strays.length }
}

/**
 * Whether the process, or one that it descends from, has its parent outside of the container. Nothing that was started in
 * here can have that: an orphan's parent is init.
 */
function isGuest(stray: Stray, byPid: ReadonlyMap<number, Stray>): boolean {
  let at: Stray | undefined = stray
  for (let hops = 0; at && hops < byPid.size; hops++) {
    if (at.parent === 0) return true
    at = byPid.get(at.parent)
  }
  return false
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
    const parent = Number(stat.slice(end + 4).split(' ', 1)[0])
    return { pid, parent, name: clip(name, NAME_CHARS) }
  } catch {
    return null
  }
}
