import { QueryClient } from '@tanstack/react-query'
import { expect, test } from 'vitest'
import { keys } from '../../../../services/web/src/api/keys.ts'
import { createLiveUpdates } from '../../../../services/web/src/live/live-updates.ts'
import { createStreams } from '../../../../services/web/src/live/streams.ts'
import { eventually } from '../../../support/eventually.ts'
import { event, task, thread } from '../support.ts'

const live = () => {
  const queryClient = new QueryClient()
  const streams = createStreams(tell => tell())
  return { queryClient, streams, updates: createLiveUpdates(queryClient, streams) }
}

test('what is being written in a thread without a task ends when the agent has said it, or has stopped', async () => {
  for (const end of [
    event('message.created', { threadId: 'th', payload: { role: 'assistant' } }),
    event('turn.cancelled', { threadId: 'th' }),
  ]) {
    const { streams, updates } = live()
    streams.receive({ threadId: 'th', messageId: 'm', text: 'Half a wo' })
    updates.receive(event('turn.step', { threadId: 'th' }), false)
    expect(streams.text('th', 'reply')).toBe('Half a wo')
    updates.receive(end, false)
    await eventually(async () => expect(streams.text('th', 'reply')).toBe(''))
  }
})

test('a thread is read again when its agent moves, and a board when one of its tasks does', async () => {
  const { queryClient, updates } = live()
  queryClient.setQueryData(keys.thread('th'), thread())
  queryClient.setQueryData(keys.tasks('p'), [task(1)])
  const stale = (key: readonly string[]) => queryClient.getQueryState(key)?.isInvalidated
  updates.receive(event('turn.waiting', { threadId: 'th' }), false)
  await eventually(async () => expect(stale(keys.thread('th'))).toBe(true))
  expect(stale(keys.tasks('p'))).toBe(false)
  updates.receive(event('task.queued', { taskId: '1' }), false)
  await eventually(async () => expect(stale(keys.tasks('p'))).toBe(true))
  expect(queryClient.getQueryData(keys.tasks('p'))).toMatchObject([{ state: 'queued' }])
})
