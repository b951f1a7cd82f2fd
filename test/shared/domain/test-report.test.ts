import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTestReport } from '../../../shared/domain/test-report.ts'

const esc = String.fromCharCode(27)

describe('the summary of', () => {
  const outputs: Record<string, string> = {
    'node --test': `✔ ok (0.87ms)
✖ bad (0.83ms)
ℹ tests 5
ℹ suites 1
ℹ pass 2
ℹ fail 1
ℹ cancelled 0
ℹ skipped 1
ℹ todo 0
ℹ duration_ms 91.402066`,
    'node --test as TAP': `TAP version 13
ok 1 - ok
not ok 2 - bad
1..4
# tests 4
# pass 2
# fail 1
# cancelled 0
# skipped 1
# todo 0`,
    'bare TAP': `1..4
ok 1 - a
    ok 1 - nested
ok 2 - b
not ok 3 - c
ok 4 - d # SKIP later`,
    vitest: `${esc}[2m Test Files ${esc}[22m ${esc}[1m${esc}[31m1 failed${esc}[39m${esc}[22m${esc}[2m | ${esc}[22m2 passed${esc}[90m (3)${esc}[39m
${esc}[2m      Tests ${esc}[22m ${esc}[1m${esc}[31m1 failed${esc}[39m${esc}[22m${esc}[2m | ${esc}[22m2 passed${esc}[2m | ${esc}[22m1 skipped${esc}[90m (4)${esc}[39m
${esc}[2m   Start at ${esc}[22m 20:56:22`,
    jest: `Test Suites: 1 failed, 2 passed, 3 total
Tests:       1 failed, 1 skipped, 2 passed, 4 total
Snapshots:   0 total`,
    mocha: `

  2 passing (10ms)
  1 pending
  1 failing

  1) bad:`,
    pytest: `FAILED t.py::test_b - assert 0
==================== 1 failed, 2 passed, 1 skipped in 1.01s ====================`,
    'pytest -q': '1 failed, 2 passed, 1 skipped, 3 warnings in 0.77s',
    unittest: `----------------------------------------------------------------------
Ran 4 tests in 0.001s

FAILED (failures=1, skipped=1)`,
    'go test -v': `=== RUN   TestA
--- PASS: TestA (0.00s)
    --- PASS: TestA/sub (0.00s)
--- PASS: TestB (0.00s)
--- FAIL: TestC (0.00s)
--- SKIP: TestD (0.00s)
FAIL
FAIL\texample.org/x\t0.002s`,
    'go test -json': `{"Time":"2026-11-21T10:00:00Z","Action":"run","Package":"x","Test":"TestA"}
{"Action":"pass","Package":"x","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"x","Test":"TestA/sub","Elapsed":0}
{"Action":"pass","Package":"x","Test":"TestB","Elapsed":0}
{"Action":"fail","Package":"x","Test":"TestC","Elapsed":0}
{"Action":"skip","Package":"x","Test":"TestD","Elapsed":0}
{"Action":"fail","Package":"x","Elapsed":0.002}`,
    'cargo test': `running 3 tests
test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
   Doc-tests x
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s`,
    'JUnit XML of node': `<?xml version="1.0" encoding="utf-8"?>
<testsuites>
  <testcase name="a > b" time="0.1" classname="test"/>
  <testcase name="bad" failure="1 == 2"><failure type="x" message="<">&lt;anonymous> no</failure></testcase>
  <testcase name="skip"><skipped type="skipped" message="true"/></testcase>
  <testsuite name="s" tests="1" failures="0" skipped="0"><testcase name="in"/></testsuite>
  <!-- <testcase name="comment"/> -->
</testsuites>`,
    'JUnit XML without cases': `<testsuites><testsuite name="x" tests="4" failures="0" errors="1" skipped="1">
  <testsuite name="nested" tests="2" failures="0"/>
  <system-out><![CDATA[<testcase name="printed"/>]]></system-out></testsuite></testsuites>`,
  }
  for (const [reporter, output] of Object.entries(outputs)) {
    test(`${reporter} is read`, () => {
      expect(parseTestReport(`some noise\n${output}\n`)).toEqual({ passed: 2, failed: 1, skipped: 1 })
    })
    test(`${reporter} is read with Windows line ends`, () => {
      expect(parseTestReport(`${output.replaceAll('\n', '\r\n')}\r\n`)).toEqual({ passed: 2, failed: 1, skipped: 1 })
    })
  }

  test('go test without -v counts packages', () => {
    expect(
      parseTestReport('ok  \texample.org/a\t0.01s\nok  \texample.org/b\t(cached)\nFAIL\texample.org/c [build failed]'),
    ).toEqual({ passed: 2, failed: 1 })
  })
})

test('tests cancelled by node and errors of pytest count as failed', () => {
  expect(parseTestReport('ℹ pass 0\nℹ fail 0\nℹ cancelled 2')).toEqual({ passed: 0, failed: 2 })
  expect(parseTestReport('1 passed, 2 errors in 0.1s')).toEqual({ passed: 1, failed: 2 })
})

test('suites that run one after the other are added up', () => {
  const output =
    'ℹ pass 3\nℹ fail 0\n\n 2 passed in 0.01s\n===== 2 passed, 1 skipped in 0.01s =====\nℹ pass 1\nℹ fail 1'
  expect(parseTestReport(output)).toEqual({ passed: 6, failed: 1, skipped: 1 })
})

test('a run whose every test passed leaves skipped out', () => {
  expect(parseTestReport('Ran 3 tests in 0.1s\n\nOK\n')).toEqual({ passed: 3, failed: 0 })
})

test('output without a report gives nothing', () => {
  for (const output of [
    '',
    'hello\n',
    'all 5 tests passed, hooray',
    '<testsuites></testsuites>',
    '<p>1..3</p>',
    'built 3 passed in the hall',
  ]) {
    expect(parseTestReport(output)).toBeNull()
  }
})

test('any text gives null or counts that are whole numbers', () => {
  const piece = fc.constantFrom(
    'ℹ pass ',
    '1..2',
    'ok 1',
    '<testsuite tests="',
    '<testcase',
    '"',
    '>',
    '/>',
    '\n',
    '<!--',
    '9999999999',
    '5 passed in ',
    '--- PASS: ',
    'Ran 2 tests in 1s',
    'FAILED (failures=9)',
    "'",
    '<![CDATA[',
    '</testcase>',
    '</testsuite>',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string())), pieces => {
      const counts = parseTestReport(pieces.join(''))
      for (const count of Object.values(counts ?? {})) expect(Number.isSafeInteger(count) && count >= 0).toBe(true)
    }),
    { numRuns: 1000 },
  )
})

test('megabytes made to be slow are read to their end', () => {
  const million = 1_000_000
  for (const bad of ['<testcase "', '<testsuite \'"', '<!--', '<', ' passed, 1', '1 ', '# pass ', '=', `${esc}[`]) {
    parseTestReport(`<testsuites>${bad.repeat(million / bad.length)}`)
    parseTestReport(`Tests: ${bad.repeat(million / bad.length)}`)
  }
})
