import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fileText, scanFences } from '../../../../../services/worker/models/runbook/fences.ts'

const blocks = (text: string) => scanFences(text).fences.map(fence => [fence.language, fileText(fence)])

test('fences of backticks and tildes, with info strings', () => {
  const text = '```sh timeout=5 extra\nls\n```\ntext\n~~~ File path="a b.ts" mode=\'x\'\n```\n~~~\n'
  const { fences } = scanFences(text)
  expect(fences).toMatchObject([
    { language: 'sh', attributes: { timeout: '5' }, lines: ['ls'], start: 0, end: 3 },
    { language: 'file', attributes: { path: 'a b.ts', mode: 'x' }, lines: ['```'], start: 4, end: 7 },
  ])
})

test('a longer fence holds shorter ones', () => {
  expect(blocks('````parallel\n```sh\nls\n```\n````\n```sh\npwd\n```')).toEqual([
    ['parallel', '```sh\nls\n```\n'],
    ['sh', 'pwd\n'],
  ])
})

test('a fence closes only with its own character, at least its length, and nothing behind it', () => {
  expect(blocks('```sh\n~~~\n``\n``` not\n`````  \nafter')).toEqual([['sh', '~~~\n``\n``` not\n']])
})

test('a fence that is never closed goes to the end', () => {
  expect(blocks('```sh\nls\n\npwd')).toEqual([['sh', 'ls\n\npwd\n']])
})

test('line ends of Windows and of old Macs', () => {
  expect(blocks('```sh\r\nls\r\n```\r\n```sh\rpwd\r```\r')).toEqual([
    ['sh', 'ls\n'],
    ['sh', 'pwd\n'],
  ])
})

test('backticks in an info string make it inline code', () => {
  expect(blocks('```sh `x`\nls\n')).toEqual([])
  expect(blocks('~~~sh `x`\nls\n~~~')).toEqual([['sh', 'ls\n']])
})

test('an indented fence takes its indentation off its lines, four spaces make it none', () => {
  expect(blocks('   ```sh\n   a\n     b\n c\n   ```')).toEqual([['sh', 'a\n  b\nc\n']])
  expect(blocks('    ```sh\n    a\n    ```')).toEqual([])
})

test('fences in list items, also deep ones; the item ends its fence', () => {
  expect(blocks('- step\n\n    ```sh\n    ls\n    ```\n10. ten\n    ```sh\n    pwd\n    ```')).toEqual([
    ['sh', 'ls\n'],
    ['sh', 'pwd\n'],
  ])
  expect(blocks('- step\n  ```sh\n  ls\nplain')).toEqual([['sh', 'ls\n']])
})

test('what stands in a comment is no block', () => {
  expect(blocks('<!--\n```sh\nrm -rf .\n```\n-->\n```sh\nls\n```')).toEqual([['sh', 'ls\n']])
  expect(blocks('<!-- one line -->\n```sh\nls\n```')).toEqual([['sh', 'ls\n']])
})

test('any content comes out of a fence that is long enough as it went in', () => {
  const line = fc.string({ unit: fc.constantFrom('`', '~', '#', ' ', 'a', '-', '<', '[', 'é', '"') })
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom('`', '~'), fc.constantFrom('\n', '\r\n'), (lines, character, end) => {
      const longest = Math.max(2, ...lines.map(each => each.trim().length))
      const fence = character.repeat(longest + 1)
      const text = [`before`, `${fence}sh`, ...lines, fence, 'after'].join(end)
      const { fences } = scanFences(text)
      expect(fences).toHaveLength(1)
      expect(fences[0]!.lines).toEqual(lines)
    }),
  )
})

test('no text makes it throw, and blocks never overlap', () => {
  const piece = fc.constantFrom('```', '~~~~', '````sh', '- ', '1. ', '  ', '\t', '<!--', '-->', '\n', '\r', 'x', '#')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), pieces => {
      const { lines, fences } = scanFences(pieces.join(''))
      let from = 0
      for (const fence of fences) {
        expect(fence.start).toBeGreaterThanOrEqual(from)
        expect(fence.end).toBeGreaterThan(fence.start)
        expect(fence.end).toBeLessThanOrEqual(lines.length)
        expect(fence.lines.length).toBeLessThanOrEqual(fence.end - fence.start - 1)
        from = fence.end
      }
    }),
    { numRuns: 2_000 },
  )
})
