import type { Message } from '../../../prisma/generated/client.ts'
import type { HistoryMessage } from '../../contract/history.ts'
import type { MessagePart } from '../../contract/thread.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { TaskState } from '../../domain/task-state.ts'
import type { StoreDeps } from './change.ts'
import type { ContextStore } from './context-types.ts'
import { fenced } from './fence.ts'
import { appendMessage, nextPosition, threadOf, toHistory } from './messages.ts'

/** What is told of the project, and what becomes of a history that is too long. */
export function createContextStore(deps: StoreDeps): ContextStore {
  return {
    async openTasks({ taskId }) {
      const rows = await deps.db.prisma.$queryRaw<
        { id: string; number: number; key: string; title: string; state: string; priority: number; after: number[] }[]
      >`
        SELECT t.id, t.number, t.key, t.title, t.state, t.priority, ARRAY(
          SELECT p.number FROM edges e JOIN tasks p ON p.id = e.prerequisite_id
          WHERE e.task_id = t.id AND p.number IS NOT NULL ORDER BY e.position
        ) AS after
        FROM tasks own JOIN tasks t ON t.project_id = own.project_id
        WHERE own.id = ${taskId}::uuid AND t.kind = 'board' AND t.state NOT IN ('done', 'cancelled', 'skipped', 'dismissed')
        ORDER BY t.number DESC LIMIT ${LIMITS.overview.tasks}`
      return rows
        .toReversed()
        .map(({ after, state, ...row }) => ({ ...row, state: state as TaskState, dependsOn: after }))
    },

    summarize: (fence, { text, keep }) =>
      fenced(deps, fence, 'summarize', async (unit, { task }) => {
        const [last] = await unit.sql.$queryRaw<[{ position: number }?]>`
          SELECT position FROM messages
          WHERE thread_id = ${task.threadId}::uuid AND position >= ${task.historyFrom}
            AND NOT parts @> '[{"type": "summary"}]'::jsonb
          ORDER BY position DESC OFFSET ${keep} LIMIT 1`
        if (!last) return
        const position = await nextPosition(unit, task.threadId)
        const parts: MessagePart[] = [{ type: 'summary', through: last.position }]
        await appendMessage(unit, threadOf(task), { role: 'system', text, parts, position, attempt: task.attempt })
      }),
  }
}

const through = ({ parts }: Pick<Message, 'parts'>): number | null =>
  (parts as MessagePart[]).find(part => part.type === 'summary')?.through ?? null

/**
 * The messages of a thread, in order, as a model reads them: where there is a summary, it stands for what it was made of, behind the
 * first message. `runbook` reads its steps off the history itself, so it is shown everything and no summary.
 */
export function historyOf(rows: readonly Message[], model: string): HistoryMessage[] {
  const told = rows.filter(row => through(row) === null)
  const summary = rows.findLast(row => through(row) !== null)
  const [first, ...rest] = told
  if (!summary || !first || model.split(':')[0] === 'runbook') return told.map(toHistory)
  const recent = rest.filter(({ position }) => position! > through(summary)!)
  return [first, summary, ...recent].map(toHistory)
}
