import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fitted, historyBytes, recentFrom } from '../../../../services/worker/run/compaction.ts'
import { summaryOf, transcript } from '../../../../services/worker/run/summary-text.ts'
import { projectTree } from '../../../../services/worker/run/tree.ts'
import type { HistoryMessage } from '../../../../shared/contract/history.ts'
import { contextBytes, contextTokens } from '../../../../shared/domain/model-context.ts'

const user = (text: string): HistoryMessage => ({ role: 'user', text })
const exchange = (n: number, text: string): HistoryMessage[] => [
  { role: 'assistant', text: '', calls: [{ id: `c${n}`, name: 'bash', args: { command: `step ${n}` } }] },
  { role: 'tool', results: [{ callId: `c${n}`, name: 'bash', text }] },
]

const histories = fc
  .array(
    fc.oneof(
      fc.string().map(text => [user(text)]),
      fc.tuple(fc.nat(), fc.string({ maxLength: 500 })).map(([n, text]) => exchange(n, text)),
    ),
    { maxLength: 20 },
  )
  .map(groups => [user('The task.'), ...groups.flat()])

test('recent messages never begin between a call and its result, and there is at least one exchange', () => {
  fc.assert(
    fc.property(histories, fc.nat({ max: 3_000 }), (history, bytes) => {
      const from = recentFrom(history, bytes)
      expect(from).toBeGreaterThan(0)
      expect(history[from]?.role).not.toBe('tool')
      if (history.length > 1) expect(from).toBeLessThan(history.length)
      const recent = history.slice(from)
      if (recent.length > 2) expect(historyBytes(recent)).toBeLessThanOrEqual(bytes)
    }),
  )
})

test('what is still too long is shown with its longest texts cut, the short ones whole', () => {
  const history = [
    user('The task.'),
    ...exchange(1, 'x'.repeat(50_000)),
    ...exchange(2, 'y'.repeat(3_000)),
    user('short'),
  ]
  expect(fitted(history, 100_000)).toBe(history)
  const shown = fitted(history, 20_000)
  expect(historyBytes(shown)).toBeLessThanOrEqual(20_000)
  expect(historyBytes(shown)).toBeGreaterThan(17_000)
  const texts = shown.flatMap(message => (message.role === 'tool' ? message.results.map(({ text }) => text) : []))
  expect(texts[0]).toMatch(/^x+\n\[… [\d,]+ bytes left out, as the conversation is too long for the model …\]\nx+$/)
  expect(texts[1]).toBe('y'.repeat(3_000))
  expect(shown.at(-1)).toEqual(user('short'))
})

test('a summary quotes what was said in the part that it stands for, also what earlier ones have quoted', () => {
  const first = summaryOf('Made a.', [...exchange(1, 'ok'), user('Use tabs.'), ...exchange(2, 'ok')])
  expect(first).toMatch(/^\[Summary of the conversation so far.*\]\nMade a\.\n\n\[What was said .*\]\nUse tabs\.$/)
  const second = summaryOf('Made a and b.', [user(first), user('No semicolons.'), ...exchange(3, 'ok')])
  expect(second).toMatch(/Made a and b\.\n\n\[What was said .*\]\nUse tabs\.\n\nNo semicolons\.$/)
  expect(transcript([user(first)])).toContain('Made a.')
})

test('quotes are bounded, and of too many the newest stay', () => {
  const said = Array.from({ length: 40 }, (_, n) => user(`${n}: ${'word '.repeat(1_000)}`))
  const summary = summaryOf('All of it.', said)
  expect(summary.length).toBeLessThan(25_000)
  expect(summary).toContain('39: word')
  expect(summary).not.toContain('\n0: word')
})

test('a transcript tells who said what, long texts cut', () => {
  const text = transcript([user('Do it.'), ...exchange(1, 'z'.repeat(100_000))])
  expect(text).toMatch(
    /^\[Said to the agent\]\nDo it\.\n\n\[The agent\]\nbash\(\{"command":"step 1"\}\)\n\n\[Result of bash\]\nz+\n\[…/,
  )
  expect(text.length).toBeLessThan(5_000)
})

test('what models take in is known by their names, and less than all of it is used', () => {
  expect(contextTokens('anthropic:claude-sonnet-5-5')).toBe(200_000)
  expect(contextTokens('google:gemini-pro-latest')).toBe(1_000_000)
  expect(contextTokens('openai-compatible:qwen3-coder')).toBe(32_000)
  expect(contextTokens('somebody:else')).toBe(128_000)
  expect(contextBytes(8_000)).toBe(18_000)
  expect(contextBytes(128_000)).toBe(336_000)
})

test('a tree that fits is shown whole, a larger one as deep as it fits', () => {
  expect(projectTree(['a', 'b/c'])).toEqual(['a', 'b/c'])
  const files = ['README.md', ...Array.from({ length: 50 }, (_, n) => `src/part${n % 5}/file${n}.ts`), 'docs/only.md']
  expect(projectTree(files, 10)).toEqual([
    ...Array.from({ length: 5 }, (_, n) => `src/part${n}/ (10 files)`),
    'docs/only.md',
    'README.md',
  ])
  expect(projectTree(files, 4)).toEqual(['src/ (50 files)', 'docs/only.md', 'README.md'])
  const flat = Array.from({ length: 100 }, (_, n) => `file${n}`)
  expect(projectTree(flat, 3)).toEqual(['file0', 'file1', '…'])
})
