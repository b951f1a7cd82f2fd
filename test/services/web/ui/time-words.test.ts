import { expect, test } from 'vitest'
import { count, elapsedWords, ordinal, timeWords } from '../../../../services/web/src/ui/time-words.ts'

test.each([
  [-5, '0s'],
  [8_999, '8s'],
  [185_000, '3m 05s'],
  [3_840_000, '1h 04m'],
])('%i ms read %s', (ms, words) => {
  expect(elapsedWords(ms)).toBe(words)
})

test.each([
  [1, '1st'],
  [2, '2nd'],
  [3, '3rd'],
  [4, '4th'],
  [11, '11th'],
  [12, '12th'],
  [13, '13th'],
  [21, '21st'],
  [112, '112th'],
])('%i is %s in line', (n, words) => {
  expect(ordinal(n)).toBe(words)
})

test('the day is told only where it is another', () => {
  const now = new Date(2026, 0, 2, 12, 0).getTime()
  expect(timeWords(new Date(2026, 0, 2, 9, 5).toISOString(), now)).toBe('09:05')
  expect(timeWords(new Date(2026, 0, 1, 9, 5).toISOString(), now)).toBe('2026-01-01 09:05')
})

test('one thing is one, more are many', () => {
  expect([count(1, 'task'), count(0, 'task'), count(2, 'entry', 'entries')]).toEqual(['1 task', '0 tasks', '2 entries'])
})
