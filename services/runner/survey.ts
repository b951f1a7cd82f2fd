import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Git } from './git.ts'
import { clip, counted, size } from './text.ts'

const LSTATS_AT_ONCE = 64
const NOTE_CHARS = 4_000

/** What a checkpoint may hold of new and changed files. */
export type SnapshotLimits = {
  /** A larger file is left out. */
  fileBytes: number
  /** Of all new and changed files together; more is refused. */
  totalBytes: number
  /** New and changed files; more are refused. */
  files: number
  /** Of the bundle that carries the checkpoint. */
  bundleBytes: number
}

/** How many paths are new, changed or gone, which of them have to stay out of the next checkpoint, or why there can be none. */
export type Survey = { changed: number; leaveOut: string[]; note?: string; problem?: string }

/**
 * Looks at what changed since the last checkpoint before git reads it, so that an oversized tree costs nothing: files
 * that are too large and repositories inside the work tree (git would keep only their name) are left out and noted.
 */
export async function survey(git: Git, root: string, limits: SnapshotLimits): Promise<Survey> {
  const changed: string[] = []
  let rest = ''
  const { stopped } = await git(['ls-files', '-z', '--others', '--modified', '--exclude-standard', '--deduplicate'], {
    onText: text => {
      const names = (rest + text).split('\0')
      rest = names.pop() ?? ''
      changed.push(...names)
      return changed.length <= limits.files
    },
  })
  if (stopped) {
    return {
      changed: changed.length,
      leaveOut: [],
      problem: `more than ${counted(limits.files, 'file')} changed since the last checkpoint`,
    }
  }

  const leaveOut: string[] = []
  const faults: string[] = []
  let total = 0
  for (let at = 0; at < changed.length; at += LSTATS_AT_ONCE) {
    const names = changed.slice(at, at + LSTATS_AT_ONCE)
    const stats = await Promise.all(names.map(name => lstat(join(root, name)).catch(() => null)))
    for (const [i, stat] of stats.entries()) {
      const name = names[i]!
      if (stat?.isDirectory()) {
        leaveOut.push(name.replace(/\/$/, ''))
        faults.push(`${name} is a git repository of its own; remove its .git to keep its files`)
      } else if (stat && stat.size > limits.fileBytes) {
        leaveOut.push(name)
        faults.push(`${name} is ${size(stat.size)}, more than ${size(limits.fileBytes)}`)
      } else if (stat?.isFile()) {
        total += stat.size
      }
    }
  }
  if (total > limits.totalBytes) {
    return {
      changed: changed.length,
      leaveOut,
      problem: `${size(total)} changed since the last checkpoint, more than ${size(limits.totalBytes)}`,
    }
  }
  return {
    changed: changed.length,
    leaveOut,
    ...(faults.length > 0 && { note: `[not saved: ${clip(faults.join('; '), NOTE_CHARS)}]` }),
  }
}
