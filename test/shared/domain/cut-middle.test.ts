import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutMiddle } from '../../../shared/domain/cut-middle.ts'
import { utf8Length } from '../../../shared/domain/utf8.ts'

test('a text that fits stays as it is', () => {
  expect(cutMiddle('abcdef', { headBytes: 3, tailBytes: 3 })).toBe('abcdef')
  expect(cutMiddle('', { headBytes: 0, tailBytes: 0 })).toBe('')
})

test('of a longer one head and tail are left, with the bytes between them counted', () => {
  expect(cutMiddle('0123456789'.repeat(1_000), { headBytes: 3, tailBytes: 4 })).toBe(
    '012\n[… 9,993 bytes left out …]\n6789',
  )
  expect(cutMiddle('one\ntwo\nthree', { headBytes: 4, tailBytes: 5 }, bytes => `cut ${bytes}`)).toBe(
    'one\n[… cut 4 …]\nthree',
  )
})

test('characters stay whole, whatever is cut where', () => {
  const size = fc.integer({ min: 0, max: 40 })
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), size, size, (text, headBytes, tailBytes) => {
      const cut = cutMiddle(text, { headBytes, tailBytes })
      if (utf8Length(text) <= headBytes + tailBytes) {
        expect(cut).toBe(text)
        return
      }
      const [head = '', tail = ''] = cut.split(/\n?\[… [\d,]+ bytes left out …\]\n/)
      expect(cut.isWellFormed()).toBe(true)
      expect(text.startsWith(head) && text.endsWith(tail)).toBe(true)
      expect(utf8Length(head)).toBeLessThanOrEqual(headBytes)
      expect(utf8Length(tail)).toBeLessThanOrEqual(tailBytes)
      expect(utf8Length(tail)).toBeGreaterThan(tailBytes - 4)
    }),
  )
})
