import { type TestCounts, testCounts } from './test-counts.ts'

interface Tag {
  kind: 'open' | 'close' | 'empty'
  name: string
  attributes: string
}

// A tag longer than this is no report's: reading stops there, which bounds the work on hostile input.
const MAX_TAG_CHARS = 100_000

/**
 * The counts of a JUnit XML report anywhere in a text, or null. Counts the `testcase` elements (failed with a `failure`
 * or `error` inside, skipped with `skipped`); where there are none, the attributes of the outermost `testsuites` or
 * `testsuite` elements that have any. Tolerant: what is no tag is passed over, comments and CDATA are not looked into.
 */
export function countJUnit(text: string): TestCounts | null {
  const start = text.search(/<testsuites?[\s>/]/)
  if (start < 0) return null
  const cases = { passed: 0, failed: 0, skipped: 0 }
  const suites = { tests: 0, failed: 0, skipped: 0 }
  let outcome: keyof typeof cases | null = null
  let counted = 0
  let sawSuiteCounts = false
  const openSuites: boolean[] = []
  for (const { kind, name, attributes } of tags(text, start)) {
    if (name === 'testcase') {
      if (kind === 'empty') cases.passed++
      else if (kind === 'open') outcome = 'passed'
      else if (outcome) {
        cases[outcome]++
        outcome = null
      }
    } else if (outcome && kind !== 'close' && (name === 'failure' || name === 'error')) outcome = 'failed'
    else if (outcome === 'passed' && kind !== 'close' && name === 'skipped') outcome = 'skipped'
    else if (name === 'testsuites' || name === 'testsuite') {
      if (kind === 'close') {
        if (openSuites.pop()) counted--
        continue
      }
      const tests = attribute(attributes, 'tests')
      const counts = tests !== null && counted === 0
      if (counts) {
        sawSuiteCounts = true
        suites.tests += tests
        suites.failed += (attribute(attributes, 'failures') ?? 0) + (attribute(attributes, 'errors') ?? 0)
        suites.skipped += attribute(attributes, 'skipped') ?? 0
      }
      if (kind === 'open') {
        openSuites.push(counts)
        if (counts) counted++
      }
    }
  }
  if (cases.passed + cases.failed + cases.skipped > 0) return testCounts(cases.passed, cases.failed, cases.skipped)
  if (!sawSuiteCounts) return null
  return testCounts(Math.max(0, suites.tests - suites.failed - suites.skipped), suites.failed, suites.skipped)
}

function* tags(text: string, start: number): Generator<Tag> {
  let at = text.indexOf('<', start)
  while (at >= 0) {
    let end: number
    if (text.startsWith('<!--', at)) end = after(text, '-->', at + 4)
    else if (text.startsWith('<![CDATA[', at)) end = after(text, ']]>', at + 9)
    else {
      end = tagEnd(text, at)
      const match =
        text[end - 1] !== '>' ? null : /^<(\/?)([A-Za-z]+)(?=[\s/>])/.exec(text.slice(at, Math.min(end, at + 40)))
      if (match) {
        const kind = match[1] ? 'close' : text[end - 2] === '/' ? 'empty' : 'open'
        yield { kind, name: match[2]!, attributes: text.slice(at + match[0].length, end - 1) }
      }
    }
    if (end < 0) return
    at = text.indexOf('<', end)
  }
}

/** The place behind the tag's `>`, which may stand in quotes inside it; -1 where none comes. */
function tagEnd(text: string, start: number): number {
  let quote = ''
  const limit = Math.min(text.length, start + MAX_TAG_CHARS)
  for (let at = start + 1; at < limit; at++) {
    const character = text[at]!
    if (quote) {
      if (character === quote) quote = ''
    } else if (character === '>') return at + 1
    else if (character === '<') return at
    else if (character === '"' || character === "'") quote = character
  }
  return -1
}

function after(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from)
  return at < 0 ? -1 : at + mark.length
}

function attribute(attributes: string, name: string): number | null {
  const value = new RegExp(`\\s${name}\\s*=\\s*["'](\\d{1,9})["']`).exec(attributes)?.[1]
  return value === undefined ? null : Number(value)
}
