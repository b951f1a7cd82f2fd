import { expect, test } from 'vitest'
import { createOutputRing } from '../../../services/runner/output-ring.ts'

function ringOf(head: number, tail: number, ...chunks: string[]) {
  const ring = createOutputRing(head, tail)
  for (const chunk of chunks) ring.push(Buffer.from(chunk))
  return ring
}

test('a short output stays as it is', () => {
  expect(ringOf(4, 4, 'ab', 'cd', 'ef', 'gh').text()).toBe('abcdefgh')
})

test('of a long output head and tail stay, with a notice of how much is missing', () => {
  const ring = ringOf(3, 3, 'abc', 'x'.repeat(2_000), 'def')
  expect(ring.text()).toBe('abc\n[… 2,000 bytes left out …]\ndef')
  expect(ring.total()).toBe(2_006)
})

test('one chunk larger than head and tail together is cut the same way', () => {
  expect(ringOf(2, 2, 'abcdefgh').text()).toBe('ab\n[… 4 bytes left out …]\ngh')
})

test('a character that the cut goes through is left out', () => {
  const text = ringOf(4, 4, 'abcü', 'x'.repeat(50), 'üabc').text()
  expect(text).toMatch(/^abc\n\[/)
  expect(text).toMatch(/\]\nabc$/)
})

test('bytes that are no text do not break the result', () => {
  const ring = createOutputRing(10, 10)
  ring.push(Buffer.from([0x61, 0x00, 0xff, 0x62]))
  expect(ring.text()).toBe('a\uFFFD\uFFFDb')
})
