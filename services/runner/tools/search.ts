import { LIMITS } from '../../../shared/domain/limits.ts'
import { GitFailed } from '../git.ts'
import { fileScope } from '../pathspec.ts'
import { clip, grouped, storable } from '../text.ts'
import { ToolError } from '../tool-error.ts'
import type { Tool } from './types.ts'

const DEADLINE_MS = 20_000
const ANSWER_BYTES = LIMITS.tools.readBytes
/** Of one line so much is kept before it is clipped; the rest of a giant line is skipped. */
const LINE_BYTES = LIMITS.tools.lineChars * 4

/** Finds lines by regular expression, in a process of its own with a deadline: no expression can hold up the runner. */
export const search: Tool<'search'> = async ({ pattern, ...where }, { root, git }) => {
  if (pattern.includes('\n') || pattern.includes('\u0000'))
    throw new ToolError('the pattern spans lines. It is matched line by line; leave line ends out.')
  const { pathspecs, ignored } = await fileScope(root, git, where)
  const which = ignored ? ['--no-exclude-standard'] : ['--exclude-standard']
  const lines = createLines()
  try {
    await git(['grep', '-nIP', '--no-color', '--untracked', ...which, '-e', pattern, '--', ...pathspecs], {
      accept: [1],
      deadlineMs: DEADLINE_MS,
      onText: lines.push,
    })
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error
    if (/took longer/.test(error.stderr)) {
      throw new ToolError(
        `the search took longer than ${DEADLINE_MS / 1_000} s. Simplify the pattern, or narrow it down with path or glob.`,
      )
    }
    throw new ToolError(
      `the pattern does not work: ${clip(reason(error.stderr), 500)}. Correct the regular expression.`,
    )
  }
  const found = lines.end()
  if (found.length === 0) return { text: '[no matches]' }
  if (!lines.full()) return { text: found.join('\n') }
  return {
    text: `${found.join('\n')}\n[the first ${grouped(found.length)} matches; narrow it down with path, glob or pattern]`,
  }
}

/** Collects lines from pieces of text until there are enough, holding little of a line without end. */
function createLines() {
  const lines: string[] = []
  let rest = ''
  let bytes = 0
  let full = false

  function add(line: string): void {
    const shown = storable(clip(line, LIMITS.tools.lineChars))
    bytes += Buffer.byteLength(shown) + 1
    full = lines.length === LIMITS.tools.searchMatches || bytes > ANSWER_BYTES
    if (!full) lines.push(shown)
  }

  return {
    push: (text: string): boolean => {
      const parts = text.split('\n')
      for (const [i, part] of parts.entries()) {
        rest += part.slice(0, Math.max(0, LINE_BYTES - rest.length))
        if (i === parts.length - 1) break
        add(rest)
        rest = ''
        if (full) return false
      }
      return true
    },
    full: () => full,
    end: (): string[] => {
      if (rest !== '' && !full) add(rest)
      return lines
    },
  }
}

const reason = (stderr: string): string => stderr.trim().replace(/^fatal: (command line, )?/, '')
