import { expect, test } from 'vitest'
import { mergeMessages, readAfter, readAnew } from '../../../../services/web/src/api/messages.ts'
import { message } from '../support.ts'

test('a thread is read from its beginning first, then only what is new', () => {
  expect(readAfter([])).toBe(0)
  expect(readAfter([message(1), message(2)])).toBe(2)
})

test('what the agent had not read yet is read again, since its mark may have changed', () => {
  const known = [message(1), message(2, { role: 'user', readAt: null }), message(3)]
  expect(readAfter(known)).toBe(1)
})

test('messages stand in order, each once, the newest reading of it', () => {
  const known = [message(1), message(2, { readAt: null })]
  const merged = mergeMessages(known, [message(3), message(2, { text: 'read' })])
  expect(merged.map(({ seq, text }) => [seq, text])).toEqual([
    [1, ''],
    [2, 'read'],
    [3, ''],
  ])
})

test('a message that was taken back before it was read is gone once the thread is read again', () => {
  const known = [message(1), message(2, { role: 'user', readAt: null }), message(3, { role: 'user', readAt: null })]
  expect(readAnew(known, 1, [message(3)]).map(({ seq }) => seq)).toEqual([1, 3])
})
