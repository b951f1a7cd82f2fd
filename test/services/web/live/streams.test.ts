import { expect, test } from 'vitest'
import { createStreams } from '../../../../services/web/src/live/streams.ts'

function setUp() {
  const scheduled: (() => void)[] = []
  return { scheduled, streams: createStreams(tell => scheduled.push(tell)) }
}

test('deltas of one message add up, those of the next begin anew', () => {
  const { streams } = setUp()
  streams.receive({ threadId: 'a', messageId: 't1', text: 'Hel' })
  streams.receive({ threadId: 'a', messageId: 't1', text: 'lo' })
  streams.receive({ threadId: 'b', messageId: 'u1', text: 'other' })
  expect(streams.text('a', 'reply')).toBe('Hello')
  streams.receive({ threadId: 'a', messageId: 't2', text: 'Next' })
  expect(streams.text('a', 'reply')).toBe('Next')
  expect(streams.text('b', 'reply')).toBe('other')
})

test('a reset forgets what a cut reply had said', () => {
  const { streams } = setUp()
  streams.receive({ threadId: 'a', messageId: 'm', text: 'half of' })
  streams.receive({ threadId: 'a', messageId: 'm', text: '', reset: true })
  expect(streams.text('a', 'reply')).toBe('')
})

test('what a command prints is kept apart from what the agent says', () => {
  const { streams } = setUp()
  streams.receive({ threadId: 'a', messageId: 't1', text: 'said' })
  streams.receive({ threadId: 'a', messageId: 'o', text: 'printed', output: true })
  streams.end('a', 'reply')
  expect(streams.text('a', 'reply')).toBe('')
  expect(streams.text('a', 'output')).toBe('printed')
})

test('endless output keeps only its end', () => {
  const { streams } = setUp()
  for (let n = 0; n < 100; n++)
    streams.receive({ threadId: 'a', messageId: 'o', text: 'y'.repeat(10_000), output: true })
  streams.receive({ threadId: 'a', messageId: 'o', text: 'the end', output: true })
  expect(streams.text('a', 'output').length).toBeLessThan(100_000)
  expect(streams.text('a', 'output')).toMatch(/the end$/)
})

test('listeners are told once per frame, however much comes in', () => {
  const { streams, scheduled } = setUp()
  let told = 0
  streams.subscribe(() => told++)
  for (let n = 0; n < 50; n++) streams.receive({ threadId: 'a', messageId: 'm', text: '.' })
  expect(scheduled).toHaveLength(1)
  scheduled[0]!()
  expect(told).toBe(1)
  streams.receive({ threadId: 'a', messageId: 'm', text: '.' })
  expect(scheduled).toHaveLength(2)
})
