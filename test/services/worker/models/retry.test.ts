import fc from 'fast-check'
import { expect, test } from 'vitest'
import { retryAfterMs } from '../../../../services/worker/models/faults.ts'
import { createRedactor } from '../../../../services/worker/models/redact.ts'
import { backoff, withRetries } from '../../../../services/worker/models/retry.ts'

const LIMITS = { attempts: 5, backoffMs: 500, backoffMaxMs: 20_000, patienceMs: 1_000, totalMs: 60_000 }
const NOW = Date.UTC(2026, 10, 21, 12)

test.each([
  [{ 'retry-after': '90' }, 90_000],
  [{ 'retry-after': ' 0 ' }, 0],
  [{ 'retry-after': '1.5' }, 1_500],
  [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
  [{ 'retry-after': 'Sat, 21 Nov 2026 12:10:00 GMT' }, 600_000],
  [{ 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }, 0],
  [{ 'retry-after': '9'.repeat(400) }, 30 * 24 * 3_600_000],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': '-5' }, expect.toSatisfy((value: unknown) => value === undefined || value === 0)],
  [{}, undefined],
  [undefined, undefined],
])('Retry-After %j', (headers, expected) => {
  expect(retryAfterMs(headers as Record<string, string> | undefined, NOW)).toEqual(expected)
})

test('waits grow and are random in full, up to the ceiling', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const wait = backoff(LIMITS, attempt, random)
      expect(wait).toBeGreaterThanOrEqual(0)
      expect(wait).toBeLessThanOrEqual(Math.min(20_000, 500 * 2 ** (attempt - 1)))
    }),
  )
  expect(backoff(LIMITS, 1, 0)).toBe(0)
  expect([1, 2, 3, 9].map(attempt => backoff(LIMITS, attempt, 0.999))).toEqual([499, 999, 1998, 19_980])
})

test('errors that nobody knows are tried again, and the last is told', async () => {
  let tries = 0
  const attempt = async () => {
    tries++
    throw new TypeError('terminated', { cause: new Error('other side closed') })
  }
  const deps = {
    limits: { ...LIMITS, backoffMs: 1, backoffMaxMs: 1 },
    redact: (text: string) => text,
    onRetry: () => {},
  }
  await expect(withRetries(attempt, new AbortController().signal, deps)).rejects.toThrow('other side closed')
  expect(tries).toBe(5)
})

test('a redactor takes out secrets wherever they stand and leaves the rest', () => {
  const redact = createRedactor(['hunter2 secret!', undefined, 'short'])
  expect(redact('a hunter2 secret! b hunter2%20secret! c')).toBe('a [redacted] b [redacted] c')
  expect(redact('a short word')).toBe('a short word')
  expect(redact('Authorization: Bearer abc.def')).not.toContain('abc.def')
  expect(redact('x-api-key: abcdef123456')).toBe('x-api-key: [redacted]')
  expect(redact('key sk-ant-api03-XXXX and AIzaSyD123456')).toBe('key [redacted] and [redacted]')
  expect(redact('see https://user:pa55@host/x')).toBe('see https://[redacted]@host/x')
  expect(redact('The API key is not valid for model gpt-5.6')).toBe('The API key is not valid for model gpt-5.6')
})
