import type { Event } from '../../../shared/contract/event.ts'
import type { Task } from '../../../shared/contract/task.ts'
import type { Message, Thread } from '../../../shared/contract/thread.ts'
import { columnOf } from '../../../shared/domain/task-state.ts'

/** A task as the API gives it, with what a test says about it. Its id is its number unless the test gives one. */
export function task(number: number, given: Partial<Task> = {}): Task {
  const state = given.state ?? 'draft'
  return {
    id: String(number),
    number,
    projectId: 'p',
    threadId: `thread ${number}`,
    parentTaskId: null,
    pipelineId: null,
    followsTaskId: null,
    proposedInThreadId: null,
    key: `key-${number}`,
    title: `Task ${number}`,
    description: '',
    plan: 'Do it.',
    doneWhen: '',
    planVersion: 1,
    blocked: null,
    stale: false,
    staleReason: null,
    dependsOn: [],
    dependents: [],
    priority: 0,
    model: 'runbook',
    branch: null,
    baseSha: null,
    headSha: null,
    mergeSha: null,
    output: null,
    iterations: 0,
    usage: { inputTokens: 0, outputTokens: 0, costUsd: 0 },
    usageTotal: { inputTokens: 0, outputTokens: 0, costUsd: 0 },
    budgetUsd: null,
    checks: null,
    apply: null,
    failure: null,
    epoch: 0,
    attempt: 1,
    activeMs: 0,
    createdAt: '2026-01-01T00:00:00.000Z',
    acceptedAt: null,
    startedAt: null,
    readyAt: null,
    finishedAt: null,
    ...given,
    state,
    column: columnOf(state),
  }
}

export function event(type: string, given: Partial<Event> = {}): Event {
  return { seq: 1, projectId: 'p', at: '2026-01-01T00:00:00.000Z', payload: {}, ...given, type }
}

export function message(seq: number, given: Partial<Message> = {}): Message {
  return {
    id: `message ${seq}`,
    threadId: 'thread',
    seq,
    role: 'assistant',
    text: '',
    parts: [],
    mode: null,
    readAt: '2026-01-01T00:00:00.000Z',
    createdAt: '2026-01-01T00:00:00.000Z',
    ...given,
  }
}

export function thread(given: Partial<Thread> = {}): Thread {
  return {
    id: 'thread',
    projectId: 'p',
    kind: 'main',
    taskId: null,
    title: 'Main',
    status: 'idle',
    blocked: null,
    mode: null,
    failure: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...given,
  }
}
