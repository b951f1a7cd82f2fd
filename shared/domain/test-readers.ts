import { type TestCounts, testCounts } from './test-counts.ts'

/** Adds up one reporter's summaries in the lines of an output, null where there is none. Lines hold no colour codes. */
export type TestReader = (lines: readonly string[]) => TestCounts | null

type Outcome = 'passed' | 'failed' | 'skipped'

const number = '(\\d{1,9})'

/** node --test: `ℹ pass 4` (spec) or `# pass 4` (TAP), one line per outcome. */
const nodeTest = outcomes(new RegExp(`^[ℹ#] (pass|fail|cancelled|skipped|todo) ${number}$`), {
  pass: 'passed',
  fail: 'failed',
  cancelled: 'failed',
  skipped: 'skipped',
  todo: 'skipped',
})

/** mocha: `  5 passing (10ms)`, `  1 failing`, `  2 pending`. */
const mocha = outcomes(new RegExp(`^  ${number} (passing|failing|pending)(?: \\([^)]*\\))?$`), {
  passing: 'passed',
  failing: 'failed',
  pending: 'skipped',
})

/** go test -v: `--- PASS: TestName (0.00s)`; subtests stand indented and count with their test. */
const goVerbose = outcomes(/^--- (PASS|FAIL|SKIP): ()/, { PASS: 'passed', FAIL: 'failed', SKIP: 'skipped' })

/** go test: `ok  \tpackage\t0.01s`, `FAIL\tpackage\t0.02s`: only packages are known. */
const goPackages = outcomes(/^(ok {2}|FAIL)\t[^\t ]+(?:\t|$| )()/, { 'ok  ': 'passed', FAIL: 'failed' })

/** vitest: `      Tests  1 failed | 3 passed | 2 skipped (6)`. */
const vitest = listed(/^\s*Tests {2}(\d.*)\(\d+\)$/, {
  passed: 'passed',
  failed: 'failed',
  skipped: 'skipped',
  todo: 'skipped',
})

/** jest: `Tests:       1 failed, 2 skipped, 5 passed, 8 total`. */
const jest = listed(/^Tests: +(\d.*), \d+ total$/, {
  passed: 'passed',
  failed: 'failed',
  skipped: 'skipped',
  todo: 'skipped',
})

/** pytest: `=== 1 failed, 5 passed, 1 error in 0.12s ===`, without the rule under `-q`. */
const pytest = listed(/^(?:=+ )?(\d+ [a-z].*) in [\d.]+s(?: \([\d:]+\))?(?: =+)?$/, {
  passed: 'passed',
  xpassed: 'passed',
  failed: 'failed',
  error: 'failed',
  errors: 'failed',
  skipped: 'skipped',
  xfailed: 'skipped',
})

/** cargo test: `test result: ok. 5 passed; 0 failed; 1 ignored; …`, one line per target. */
const cargo = listed(/^test result: (?:ok|FAILED)\. (.*)$/, { passed: 'passed', failed: 'failed', ignored: 'skipped' })

/** Python's unittest: `Ran 5 tests in 0.001s`, then `OK (skipped=1)` or `FAILED (failures=1, errors=2)`. */
const unittest: TestReader = lines => {
  let seen = false
  let ran = 0
  let failed = 0
  let skipped = 0
  let open = false
  for (const line of lines) {
    const run = /^Ran (\d{1,9}) tests? in [\d.]+s$/.exec(line)
    const verdict = open ? /^(?:OK|FAILED)(?: \(([^)]*)\))?$/.exec(line) : null
    if (run) {
      seen = true
      open = true
      ran += Number(run[1])
    } else if (verdict) {
      open = false
      for (const [, what, count] of (verdict[1] ?? '').matchAll(/([a-z ]+)=(\d{1,9})/g)) {
        if (/^(?: ?failures| ?errors| ?unexpected successes)$/.test(what!)) failed += Number(count)
        if (/^(?: ?skipped| ?expected failures)$/.test(what!)) skipped += Number(count)
      }
    }
  }
  return seen ? testCounts(Math.max(0, ran - failed - skipped), failed, skipped) : null
}

/** go test -json: one event per line; only events of a test, not of a subtest (`Name/sub`) or a package. */
const goJson: TestReader = lines => {
  const sums = { passed: 0, failed: 0, skipped: 0 }
  const outcome = { pass: 'passed', fail: 'failed', skip: 'skipped' } as const
  let seen = false
  for (const line of lines) {
    if (!line.startsWith('{"')) continue
    const action = /"Action":"(pass|fail|skip)"/.exec(line)?.[1] as keyof typeof outcome | undefined
    if (!action || !/"Test":"[^"/]+"/.test(line)) continue
    seen = true
    sums[outcome[action]]++
  }
  return seen ? testCounts(sums.passed, sums.failed, sums.skipped) : null
}

/** Bare TAP without a summary: a plan `1..3` and top-level lines `ok 1`, `not ok 2`, `ok 3 # SKIP why`. */
const tap: TestReader = lines => {
  if (!lines.some(line => /^1\.\.\d+/.test(line))) return null
  let passed = 0
  let failed = 0
  let skipped = 0
  for (const line of lines) {
    const point = /^(not )?ok\b/.exec(line)
    if (!point) continue
    if (/ # (?:skip|todo)\b/i.test(line)) skipped++
    else if (point[1]) failed++
    else passed++
  }
  return testCounts(passed, failed, skipped)
}

/** The readers whose sums are added; of one tool's formats the one that tells most is taken. */
export const readers: readonly TestReader[] = [
  firstOf(nodeTest, tap),
  vitest,
  jest,
  mocha,
  pytest,
  unittest,
  firstOf(goJson, goVerbose, goPackages),
  cargo,
]

function firstOf(...choices: TestReader[]): TestReader {
  return lines => {
    for (const read of choices) {
      const counts = read(lines)
      if (counts) return counts
    }
    return null
  }
}

/** Lines that each give one outcome: a word and a number in either order, or the word alone for one test. */
function outcomes(pattern: RegExp, words: Readonly<Record<string, Outcome>>): TestReader {
  return lines => {
    const sums = { passed: 0, failed: 0, skipped: 0 }
    let seen = false
    for (const line of lines) {
      const match = pattern.exec(line)
      if (!match) continue
      const [word, count] = Object.hasOwn(words, match[1]!) ? [match[1]!, match[2]!] : [match[2]!, match[1]!]
      seen = true
      sums[words[word]!] += count === '' ? 1 : Number(count)
    }
    return seen ? testCounts(sums.passed, sums.failed, sums.skipped) : null
  }
}

/** Lines that list all outcomes: `5 passed, 1 failed`. Only a line that names at least one known outcome counts. */
function listed(pattern: RegExp, words: Readonly<Record<string, Outcome>>): TestReader {
  return lines => {
    const sums = { passed: 0, failed: 0, skipped: 0 }
    let seen = false
    for (const line of lines) {
      const list = pattern.exec(line)?.[1]
      if (list === undefined) continue
      for (const [, count, word] of list.matchAll(/\b(\d{1,9}) ([a-z]+)/g)) {
        if (!Object.hasOwn(words, word!)) continue
        seen = true
        sums[words[word!]!] += Number(count)
      }
    }
    return seen ? testCounts(sums.passed, sums.failed, sums.skipped) : null
  }
}
