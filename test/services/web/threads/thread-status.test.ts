import { expect, test } from 'vitest'
import { runOfThread, stateOfThread, threadLook } from '../../../../services/web/src/threads/thread-status.ts'
import { BLOCKED_REASONS } from '../../../../shared/contract/task.ts'
import { TASK_STATES } from '../../../../shared/domain/task-state.ts'
import { thread } from '../support.ts'

test('a thread has a word for whatever its agent does, and none of a status of a newer server', () => {
  for (const status of [...TASK_STATES, 'idle', 'invented']) {
    const { word, means } = threadLook(stateOfThread({ status }), false)
    expect([word, means].every(Boolean), status).toBe(true)
  }
  expect(stateOfThread({ status: 'invented' })).toBe('idle')
})

test('only an open question waits for the person', () => {
  for (const reason of BLOCKED_REASONS) {
    const { state, asks } = runOfThread(thread({ status: 'waiting', blocked: { reason, waitingOn: [] } }))
    expect(threadLook(state, asks).word).toBe(reason === 'answer' ? 'Waiting for you' : 'Waiting')
  }
  expect(runOfThread(thread({ status: 'queued', blocked: { reason: 'answer', waitingOn: [] } })).asks).toBe(false)
})
