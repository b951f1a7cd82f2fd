import { LIMITS } from './limits.ts'
import { plainAscii } from './line.ts'

/**
 * A text as part of a URL or a branch name: lower-case ASCII letters, digits and single dashes between them, at most
 * `max` characters, cut between words where that keeps at least half. `fallback` where nothing is left of the text.
 */
export function slugify(text: string, max: number, fallback = 'untitled'): string {
  const words = plainAscii(text, ' ')
    .toLowerCase()
    .replace(/['"`]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  if (words.length <= max) return words || fallback.slice(0, max)
  const lastDash = words.lastIndexOf('-', max)
  return words.slice(0, lastDash >= max / 2 ? lastDash : max)
}

/** The branch of a task as clones see it: `tasks/<number>-<slug of its title>`. */
export function branchName(number: number, title: string): string {
  return `tasks/${number}-${slugify(title, LIMITS.task.branchSlugChars, 'task')}`
}

/** The number of the task whose branch this may be, null for all other branches. */
export function taskNumberOf(branch: string): number | null {
  const number = /^tasks\/([1-9][0-9]{0,8})-/.exec(branch)?.[1]
  return number === undefined ? null : Number(number)
}
