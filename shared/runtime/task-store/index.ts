import { v7 as uuid } from 'uuid'
import { createApplyStore } from './apply-line.ts'
import { requestApply } from './apply-request.ts'
import { change, type StoreDeps } from './change.ts'
import { createContextStore } from './context.ts'
import type { ContextStore } from './context-types.ts'
import { acceptDrafts, cancelTask, dismissTask, retryTask } from './decide.ts'
import { createDrafts, requireProject } from './drafts.ts'
import { editTask } from './edit.ts'
import { deleteMessage, editMessage } from './message-edit.ts'
import { createPipelineStore } from './pipeline.ts'
import type { PipelineStore } from './pipeline-types.ts'
import { postMessage } from './post-message.ts'
import { branchFound, branchPushed, headMoved } from './pushed.ts'
import { revise } from './revise.ts'
import { createRunStore } from './run.ts'
import { stopThread } from './turn.ts'
import type { ApplyStore, RunStore, TaskCommands } from './types.ts'

export type TaskStore = TaskCommands & RunStore & ContextStore & PipelineStore & ApplyStore

/** The only writer of task states, edges, messages, events and the outbox. Every method is one transaction. */
export function createTaskStore(deps: StoreDeps): TaskStore {
  const commands: TaskCommands = {
    createDrafts: (projectId, drafts) => change(deps, unit => createDrafts(unit, projectId, drafts)),
    update: (taskId, edit) => change(deps, unit => editTask(unit, taskId, edit)),
    accept: (projectId, taskIds) => change(deps, unit => acceptDrafts(unit, projectId, taskIds)),
    dismiss: taskId => change(deps, unit => dismissTask(unit, taskId)),
    cancel: taskId => change(deps, unit => cancelTask(unit, taskId)),
    retry: taskId => change(deps, unit => retryTask(unit, taskId)),
    requestApply: taskId => change(deps, unit => requestApply(unit, taskId)),
    postMessage: (threadId, text, mode) => change(deps, unit => postMessage(unit, threadId, text, mode)),
    editMessage: (threadId, messageId, text) => change(deps, unit => editMessage(unit, threadId, messageId, text)),
    deleteMessage: (threadId, messageId) => change(deps, unit => deleteMessage(unit, threadId, messageId)),
    stopThread: threadId => change(deps, unit => stopThread(unit, threadId)),
    revise: (projectId, request) => change(deps, unit => revise(unit, projectId, request)),
    createThread: (projectId, kind, title) =>
      change(deps, async ({ sql, event }) => {
        await requireProject(sql, projectId)
        const { id: threadId } = await sql.thread.create({ data: { id: uuid(), projectId, kind, title } })
        event({ projectId, type: 'thread.created', threadId, payload: { kind, title } })
        return threadId
      }),
    branchFound: (projectId, found) => change(deps, unit => branchFound(unit, projectId, found)),
    branchPushed: (projectId, branch, headSha) => change(deps, unit => branchPushed(unit, projectId, branch, headSha)),
    headMoved: (projectId, headSha) => change(deps, unit => headMoved(unit, projectId, headSha)),
  }
  return {
    ...commands,
    ...createRunStore(deps),
    ...createContextStore(deps),
    ...createPipelineStore(deps),
    ...createApplyStore(deps),
  }
}

export type { StoreDeps } from './change.ts'
export type * from './context-types.ts'
export type * from './pipeline-types.ts'
export type * from './types.ts'
