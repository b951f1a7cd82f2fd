import { expect, test } from 'vitest'
import { diffRows, lineCount, totals } from '../../../../services/web/src/changes/diff-rows.ts'

test('lines are numbered on the side on which they stand', () => {
  const rows = diffRows([
    {
      oldStart: 1,
      oldLines: 3,
      newStart: 1,
      newLines: 3,
      lines: [' a', '-b', '+B', ' c', '\\ No newline at end of file'],
    },
  ])
  expect(rows.map(row => [row.kind, row.old, row.new, row.text])).toEqual([
    ['context', 1, 1, 'a'],
    ['deleted', 2, null, 'b'],
    ['added', null, 2, 'B'],
    ['context', 3, 3, 'c'],
    ['note', null, null, 'No newline at end of file'],
  ])
})

test('what lies between hunks is one row that says where the next begins', () => {
  const hunk = (start: number) => ({ oldStart: start, oldLines: 1, newStart: start, newLines: 1, lines: [' x'] })
  expect(diffRows([hunk(1), hunk(40)]).map(({ kind }) => kind)).toEqual(['context', 'gap', 'context'])
  expect(diffRows([hunk(40)])[0]).toMatchObject({ kind: 'gap', text: '@@ -40,1 +40,1 @@' })
})

test('a line that looks like a sign keeps it as text', () => {
  const rows = diffRows([{ oldStart: 1, oldLines: 0, newStart: 1, newLines: 2, lines: ['+-- comment', '++'] }])
  expect(rows.map(({ kind, text }) => [kind, text])).toEqual([
    ['added', '-- comment'],
    ['added', '+'],
  ])
})

test('sums are over all files', () => {
  const file = (additions: number, deletions: number) => ({
    path: 'a',
    status: 'modified' as const,
    additions,
    deletions,
    binary: false,
    hunks: [{ oldStart: 1, oldLines: 1, newStart: 1, newLines: 1, lines: [' a', '+b'] }],
  })
  expect(totals([file(1, 2), file(3, 0)])).toEqual({ additions: 4, deletions: 2 })
  expect(lineCount(file(0, 0))).toBe(2)
})
