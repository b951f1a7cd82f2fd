import { expect, test } from 'vitest'
import { activityWords, openQuestion, outcomeOf, threadRows } from '../../../../services/web/src/thread/thread-rows.ts'
import { message } from '../support.ts'

const call = (id: string) => ({ type: 'call' as const, id, name: 'bash', args: { command: 'ls' } })
const result = (callId: string, text: string) => ({ type: 'result' as const, callId, name: 'bash', text })

test('a call stands together with its answer, after what was said with it', () => {
  const rows = threadRows([
    message(1, { role: 'user', text: 'Do it' }),
    message(2, { text: 'I look', parts: [call('a'), call('b')] }),
    message(3, { role: 'tool', parts: [result('b', 'Error: no'), result('a', 'x\n[exit 0, 0.4s]')] }),
  ])
  expect(rows.map(row => (row.kind === 'step' ? row.outcome.state : row.kind))).toEqual([
    'user',
    'assistant',
    'ok',
    'failed',
  ])
})

test('a call without an answer is running, and its message without words is only the call', () => {
  const [row, ...more] = threadRows([message(1, { parts: [call('a')] })])
  expect(more).toEqual([])
  expect(row).toMatchObject({ kind: 'step', result: null, outcome: { state: 'running' } })
})

test('a call that could not be carried out shows why', () => {
  const [row] = threadRows([message(1, { parts: [{ ...call('a'), args: undefined, error: 'Error: no such tool' }] })])
  expect(row).toMatchObject({ outcome: { state: 'failed' }, result: 'Error: no such tool', args: {} })
})

test.each([
  ['fine\n[exit 0, 0.4s]', 'ok', 0, '0.4s', 'exit 0'],
  ['[exit 1, 12.0s]', 'failed', 1, '12.0s', 'exit 1'],
  ['a\n[timed out after 10s]', 'failed', null, null, 'timed out after 10s'],
  ['a\n[killed: out of memory]', 'failed', null, null, 'killed: out of memory'],
  ['Error: the file is not there', 'failed', null, null, null],
  ['it printed [exit 1, 2s] in the middle\nmore', 'ok', null, null, null],
])('%j ended as told by its last line', (text, state, exitCode, duration, note) => {
  expect(outcomeOf(text)).toEqual({ state, exitCode, duration, note })
})

test('a message is unread until the agent has read it', () => {
  const [row] = threadRows([message(1, { role: 'user', text: 'Stop', readAt: null })])
  expect(row).toMatchObject({ kind: 'user', read: false })
})

test('an active task always shows what it does', () => {
  expect(activityWords([])).toMatch(/Preparing/)
  expect(activityWords(threadRows([message(1, { parts: [call('a')] })]))).toBeNull()
  expect(
    activityWords(
      threadRows([message(1, { parts: [call('a')] }), message(2, { role: 'tool', parts: [result('a', '')] })]),
    ),
  ).toMatch(/next step/)
  expect(activityWords(threadRows([message(1, { text: 'Done' })]))).toMatch(/checked/)
})

const ask = (id: string, args: unknown) => ({ type: 'call' as const, id, name: 'ask_user', args })

test('a question is no step: it waits with its options until it is answered', () => {
  const asked = message(1, {
    parts: [ask('a', { question: 'Which?', options: ['One', 'Two'] }), ask('b', { question: 'Why?' })],
  })
  const open = threadRows([asked])
  expect(open.map(row => row.kind)).toEqual(['question', 'question'])
  expect(openQuestion(open)).toMatchObject({ question: 'Which?', options: ['One', 'Two'], answer: null })

  const answered = threadRows([asked, message(2, { role: 'tool', parts: [result('a', 'Two')] })])
  expect(answered[0]).toMatchObject({ answer: 'Two' })
  expect(openQuestion(answered)).toMatchObject({ question: 'Why?' })
})

test('a question without words is a call like any other', () => {
  const rows = threadRows([message(1, { parts: [ask('a', { options: ['One'] }), ask('b', null)] })])
  expect(rows.map(row => row.kind)).toEqual(['step', 'step'])
  expect(openQuestion(rows)).toBeNull()
})

test('a message tells which tasks came of it, and which drafts it wants revised, in the words of the person', () => {
  const rows = threadRows([
    message(1, { role: 'system', parts: [{ type: 'task', taskId: 't', title: 'Follow up' }] }),
    message(2, {
      role: 'user',
      text: 'Revise the drafts listed here: …',
      mode: 'plan',
      parts: [{ type: 'revise', taskIds: ['a', 'b'], instruction: 'Smaller steps' }],
    }),
  ])
  expect(rows).toMatchObject([
    { tasks: [{ taskId: 't', title: 'Follow up' }], revises: [] },
    { text: 'Smaller steps', revises: ['a', 'b'], planning: true },
  ])
})
