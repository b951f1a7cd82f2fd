import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseInline } from '../../../../services/web/src/ui/markdown-inline.ts'
import { type Block, parseMarkdown } from '../../../../services/web/src/ui/markdown-parse.ts'

const kinds = (text: string) => parseMarkdown(text).map(({ kind }) => kind)

test('paragraphs, headings, rules, quotes and code are told apart', () => {
  expect(kinds('# Title\n\nText\nmore\n\n---\n> said\n\n```js\nconst a = 1\n```')).toEqual([
    'heading',
    'paragraph',
    'rule',
    'quote',
    'code',
  ])
})

test('code keeps its lines and what its fence says', () => {
  expect(parseMarkdown('```file path=a/b.ts\n# not a title\n\n- x\n```\nafter')).toEqual([
    { kind: 'code', info: 'file path=a/b.ts', text: '# not a title\n\n- x' },
    { kind: 'paragraph', text: 'after' },
  ])
})

test('a fence inside a longer fence is text, and one that is never closed ends with the text', () => {
  expect(parseMarkdown('````md\n```sh\nls\n```\n````')).toEqual([{ kind: 'code', info: 'md', text: '```sh\nls\n```' }])
  expect(parseMarkdown('```sh\nls')).toEqual([{ kind: 'code', info: 'sh', text: 'ls' }])
})

test('lists nest, count from where they start, and have ticks', () => {
  const [list] = parseMarkdown('3. one\n   - inner\n     more\n4. two\n\n   still two')
  expect(list).toMatchObject({ kind: 'list', ordered: true, start: 3 })
  const items = (list as Extract<Block, { kind: 'list' }>).items
  expect(items.map(({ text }) => text)).toEqual(['one', 'two'])
  expect(items[0]!.blocks[0]).toMatchObject({ kind: 'list', ordered: false })
  expect(items[1]!.blocks).toEqual([{ kind: 'paragraph', text: 'still two' }])
  expect(parseMarkdown('- [x] done\n- [ ] open')[0]).toMatchObject({ items: [{ ticked: true }, { ticked: false }] })
})

test('inline marks are told apart', () => {
  expect(parseInline('a `b` **c** _d_ [e](https://f.example) https://g.example.')).toEqual([
    { kind: 'text', text: 'a ' },
    { kind: 'code', text: 'b' },
    { kind: 'text', text: ' ' },
    { kind: 'strong', text: 'c' },
    { kind: 'text', text: ' ' },
    { kind: 'em', text: 'd' },
    { kind: 'text', text: ' ' },
    { kind: 'link', text: 'e', href: 'https://f.example' },
    { kind: 'text', text: ' ' },
    { kind: 'link', text: 'https://g.example', href: 'https://g.example' },
    { kind: 'text', text: '.' },
  ])
})

test('names with underscores and stars in arithmetic stay as they are', () => {
  expect(parseInline('snake_case_name and 2 * 3 * 4')).toEqual([
    { kind: 'text', text: 'snake_case_name and 2 * 3 * 4' },
  ])
})

test.each(['javascript:alert(1)', 'data:text/html,x', 'JAVASCRIPT:x', '//evil.example', '/local', 'vbscript:x'])(
  'a link to %s is text',
  target => {
    expect(parseInline(`[click](${target})`).filter(({ kind }) => kind === 'link')).toEqual([])
  },
)

test('any text is read without an error, and every link leads to http or https', () => {
  const pieces = fc.constantFrom(
    '`',
    '```',
    '\n',
    '- ',
    '  ',
    '> ',
    '# ',
    '**',
    '_',
    '[a](',
    ')',
    'https://a.b',
    '<b>',
    '1. ',
    'x',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 80 }), parts => {
      const text = parts.join('')
      parseMarkdown(text)
      for (const inline of parseInline(text)) {
        if (inline.kind === 'link') expect(inline.href).toMatch(/^https?:\/\//i)
      }
    }),
    { numRuns: 500 },
  )
})

test('a long text full of marks that are never closed is read all the same', () => {
  for (const mark of ['*a ', '`', '``a ', '**a ', '_a ', '[a](', '[a', 'https://']) {
    const text = mark.repeat(100_000)
    expect(
      parseInline(text)
        .map(inline => inline.text.length)
        .reduce((sum, length) => sum + length, 0),
    ).toBeGreaterThan(0)
  }
})

test('deep nesting does not overflow', () => {
  expect(parseMarkdown('>'.repeat(20_000))).toHaveLength(1)
  const steps = Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth * 2)}- x`).join('\n')
  expect(parseMarkdown(steps)).toHaveLength(1)
})
