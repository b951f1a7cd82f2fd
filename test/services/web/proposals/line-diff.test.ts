import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DiffLine, lineDiff, nearChanges } from '../../../../services/web/src/proposals/line-diff.ts'
import { planChanges } from '../../../../services/web/src/proposals/plan-changes.ts'

const signed = (lines: DiffLine[]) => lines.map(({ sign, text }) => sign + text)

test('only what differs is taken out and put in', () => {
  expect(signed(lineDiff('a\nb\nc\nd', 'a\nc\nx\nd'))).toEqual([' a', '-b', ' c', '+x', ' d'])
  expect(signed(lineDiff('', 'new'))).toEqual(['+new'])
  expect(signed(lineDiff('old', ''))).toEqual(['-old'])
  expect(signed(lineDiff('same', 'same'))).toEqual([' same'])
})

test('both texts can be read from the comparison, whatever they are', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map(lines => lines.join('\n'))
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = lineDiff(before, after)
      const side = (other: string) => lines.filter(({ sign }) => sign !== other).map(line => line.text)
      expect(side('+').join('\n')).toBe(before)
      expect(side('-').join('\n')).toBe(after)
    }),
  )
})

test('texts too large to compare count as changed altogether, at once', () => {
  const long = (word: string) => Array.from({ length: 3_000 }, (_, n) => `${word} ${n}`).join('\n')
  const lines = lineDiff(`same\n${long('a')}`, `same\n${long('b')}`)
  expect(lines.filter(({ sign }) => sign === '-')).toHaveLength(3_000)
  expect(lines[0]).toEqual({ sign: ' ', text: 'same' })
})

test('what is far from a change is left out and counted', () => {
  const lines = lineDiff(
    Array.from({ length: 20 }, (_, n) => n).join('\n'),
    Array.from({ length: 20 }, (_, n) => (n === 10 ? 'x' : n)).join('\n'),
  )
  const shown = nearChanges(lines, 2)
  expect(shown[0]).toEqual({ left: 8 })
  expect(shown.at(-1)).toEqual({ left: 7 })
  expect(shown).toHaveLength(8)
})

test('a comparison of plans names the parts that changed, and prerequisites by name', () => {
  const version = (given: object) => ({
    version: 1,
    title: 'T',
    description: '',
    plan: '1. do',
    doneWhen: '',
    dependsOn: [],
    current: false,
    ...given,
  })
  const changes = planChanges(version({}), version({ plan: '1. do\n2. test', dependsOn: ['a'] }), id => `#${id}`)
  expect(changes.map(({ part, lines }) => [part, signed(lines)])).toEqual([
    ['Plan', [' 1. do', '+2. test']],
    ['Depends on', ['+#a']],
  ])
  expect(planChanges(version({}), version({ version: 2 }), String)).toEqual([])
})
