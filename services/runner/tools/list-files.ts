import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { fileScope } from '../pathspec.ts'
import { clip, grouped, storable } from '../text.ts'
import type { Tool } from './types.ts'

const LISTING_BYTES = LIMITS.tools.readBytes
const DEADLINE_MS = 20_000
/** So many names are sorted at most; a larger tree is listed as git gives it. */
const MOST = 100_000

/** Names the files that git tracks or would track, sorted. */
export const listFiles: Tool<'list_files'> = async (args, { root, git }) => {
  const { pathspecs, ignored } = await fileScope(root, git, args)
  const which = ignored ? ['--others'] : ['--cached', '--others', '--exclude-standard', '--deduplicate']
  const names: string[] = []
  let rest = ''
  await git(['ls-files', '-z', ...which, '--', ...pathspecs], {
    deadlineMs: DEADLINE_MS,
    onText: text => {
      const parts = (rest + text).split('\0')
      rest = parts.pop() ?? ''
      names.push(...parts)
      return names.length < MOST
    },
  })
  names.sort()

  const lines: string[] = []
  let bytes = 0
  for (const name of names) {
    if (lines.length === LIMITS.tools.listEntries || bytes > LISTING_BYTES) break
    // Tracked files that were deleted are still in the index.
    if ((await lstat(join(root, name)).catch(() => null)) === null) continue
    const line = storable(clip(name, LIMITS.tools.lineChars)).replaceAll('\n', '\\n')
    bytes += Buffer.byteLength(line) + 1
    lines.push(line)
  }
  if (lines.length === 0) return { text: '[no files]' }
  const more = lines.length < names.length && (lines.length === LIMITS.tools.listEntries || bytes > LISTING_BYTES)
  const total = names.length >= MOST ? `more than ${grouped(MOST)}` : grouped(names.length)
  if (more) lines.push(`[the first ${grouped(lines.length)} of ${total} files; narrow it down with path or glob]`)
  return { text: lines.join('\n') }
}
