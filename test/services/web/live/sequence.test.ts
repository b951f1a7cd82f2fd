import { expect, test } from 'vitest'
import { createSequence } from '../../../../services/web/src/live/sequence.ts'

function sequence(seen: number | null) {
  const remembered: number[] = []
  return { remembered, ...createSequence(seen, seq => remembered.push(seq)) }
}

test('takes each number once and in order, and remembers it', () => {
  const { take, remembered, last } = sequence(4)
  expect([take(5), take(5), take(3), take(6)]).toEqual(['next', 'known', 'known', 'next'])
  expect(remembered).toEqual([5, 6])
  expect(last()).toBe(6)
})

test('a number that skips others is a gap and is not taken', () => {
  const { take, last, remembered } = sequence(4)
  expect(take(6)).toBe('gap')
  expect(last()).toBe(4)
  expect(remembered).toEqual([])
  expect(take(5)).toBe('next')
})

test('a first visit begins at the newest number', () => {
  const { subscribed, take, last } = sequence(null)
  expect(take(9)).toBe('known')
  expect(subscribed(12)).toBe('begun')
  expect(last()).toBe(12)
  expect(take(13)).toBe('next')
})

test('a later visit resumes where it was, even when nothing has happened', () => {
  expect(sequence(4).subscribed(40)).toBe('resumed')
  expect(sequence(4).subscribed(4)).toBe('resumed')
  const resumed = sequence(4)
  resumed.subscribed(40)
  expect(resumed.last()).toBe(4)
})

test('a server whose history is shorter than what was seen begins anew', () => {
  const { subscribed, last, take } = sequence(40)
  expect(subscribed(3)).toBe('rewound')
  expect(last()).toBe(3)
  expect(take(4)).toBe('next')
})

test('an empty project is seen from its first event on', () => {
  const { subscribed, take } = sequence(null)
  subscribed(0)
  expect(take(1)).toBe('next')
})
