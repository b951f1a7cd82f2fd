import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type RawCall, readCalls } from '../../../../services/worker/models/calls.ts'
import { ToolCall } from '../../../../shared/contract/history.ts'
import { TOOLS } from './support.ts'

const read = (call: Partial<RawCall>) =>
  readCalls([{ id: 'c1', name: 'bash', input: { command: 'ls' }, ...call }], TOOLS, new Set())[0]!

const nested = (depth: number): unknown => {
  let value: unknown = 'x'
  for (let level = 0; level < depth; level++) value = { inner: value }
  return value
}

test('a good call stays as it is', () => {
  expect(read({})).toEqual({ id: 'c1', name: 'bash', args: { command: 'ls' } })
})

test.each([
  ['a list', { input: ['ls'] }, 'must be a JSON object'],
  ['a string', { input: 'ls' }, 'must be a JSON object'],
  ['null', { input: null }, 'must be a JSON object'],
  ['nothing', { input: undefined }, 'must be a JSON object'],
  ['broken JSON', { input: '{"command": ', invalid: 'Unexpected end' }, 'not valid JSON (Unexpected end)'],
  ['a NUL', { input: { command: 'a\0b' } }, 'NUL'],
  ['a NUL in a key', { input: { 'a\0': 1 } }, 'NUL'],
  ['half a character', { input: { command: '\ud83d' } }, 'surrogate'],
  ['a deep value', { input: nested(100_000) }, 'levels deep'],
  ['a huge value', { input: { command: 'x'.repeat(7 * 1024 * 1024) } }, 'larger than'],
  ['an unknown tool', { name: 'sh' }, 'no tool named "sh". The tools are: bash, write_file.'],
  ['no name', { name: '' }, 'no tool named ""'],
  ['a name like a property of every object', { name: 'constructor' }, 'no tool named "constructor"'],
])('%s as arguments or name is answered with an error', (_, call, words) => {
  const result = read(call)
  expect(result.error).toMatch(/^Error: /)
  expect(result.error).toContain(words)
  expect(result).not.toHaveProperty('args')
  expect(result.error!.length).toBeLessThan(1_000)
})

test('missing and repeated ids get one of their own', () => {
  const calls = ['', '', 'a', 'a', 'b'].map(id => ({ id, name: 'bash', input: { command: id } }))
  const ids = readCalls(calls, TOOLS, new Set(['b'])).map(call => call.id)
  expect(new Set([...ids, 'b']).size).toBe(6)
  expect(ids[2]).toBe('a')
})

test('whatever a model sends comes out as calls that can be stored and are unlike each other', () => {
  const json = fc.oneof(fc.jsonValue({ noUnicodeString: false }), fc.anything())
  const name = fc.oneof(fc.constantFrom('bash', 'write_file'), fc.string({ unit: 'binary' }))
  const id = fc.oneof(fc.constantFrom('', 'call_0', 'call_1'), fc.string({ unit: 'binary', maxLength: 300 }))
  const call = fc.record({ id, name, input: json, invalid: fc.option(fc.string(), { nil: undefined }) })
  fc.assert(
    fc.property(fc.array(call, { maxLength: 8 }), raw => {
      const calls = readCalls(raw, TOOLS, new Set(['call_1']))
      expect(calls).toHaveLength(raw.length)
      expect(new Set([...calls.map(each => each.id), 'call_1']).size).toBe(raw.length + 1)
      for (const each of calls) {
        expect(ToolCall.safeParse(each).success).toBe(true)
        expect('args' in each).toBe(each.error === undefined)
        JSON.stringify(each, (key, value: unknown) => {
          for (const text of [key, value].filter(part => typeof part === 'string')) {
            expect(text.includes('\0')).toBe(false)
            expect(text.isWellFormed()).toBe(true)
          }
          return value
        })
        expect(each.id.length).toBeLessThanOrEqual(128)
      }
    }),
    { numRuns: 500 },
  )
})
