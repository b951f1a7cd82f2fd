import type { Task } from '../../../prisma/generated/client.ts'
import type { ReviseTasks } from '../../contract/task.ts'
import { fenced } from '../../domain/fenced.ts'
import { LIMITS } from '../../domain/limits.ts'
import { oneLine } from '../../domain/line.ts'
import { notFound, Refused } from '../refused.ts'
import type { Change } from './change.ts'
import { lockOrganizationOf } from './lock.ts'
import { nameOf, stateOf } from './move.ts'
import { sayInThread } from './turn.ts'

/**
 * Asks the agent, by a message to plan in the main thread, to change the given drafts, or all of the project. The turn that reads it may
 * change just those, whoever proposed them.
 */
export async function revise(
  change: Change,
  projectId: string,
  { instruction, taskIds }: ReviseTasks,
): Promise<string> {
  const { sql } = change
  await lockOrganizationOf(sql, projectId)
  const wanted = taskIds && [...new Set(taskIds.map(id => id.toLowerCase()))]
  const tasks = await sql.task.findMany({
    where: {
      projectId,
      kind: { not: 'turn' },
      ...(wanted ? { id: { in: wanted } } : { kind: 'board', state: 'draft' }),
    },
    orderBy: { number: 'asc' },
  })
  if (wanted && tasks.length < wanted.length) throw notFound('task')
  const other = tasks.find(task => stateOf(task) !== 'draft')
  if (other) {
    throw new Refused(
      'illegal_state',
      `Task ${nameOf(other)} is ${other.state}, no draft any more: its plan cannot be revised.`,
    )
  }
  if (tasks.length === 0) throw new Refused('illegal_state', 'The project has no drafts to revise.')
  const main = await sql.thread.findFirst({ where: { projectId, kind: 'main' } })
  if (!main) throw notFound('thread')
  const ids = tasks.map(({ id }) => id)
  return sayInThread(change, main, {
    text: await reviseText(change, ids, instruction),
    mode: 'plan',
    parts: [{ type: 'revise', taskIds: ids, instruction }],
  })
}

/**
 * What the agent reads: the drafts as they are now, what to do with them, and after a line `[Your task]`, which is where the built-in
 * model begins to read, the instruction alone. A draft's own text stands in a block whose fence is longer than any in it, so that it
 * cannot be taken for anything else.
 */
export async function reviseText(
  { sql }: Pick<Change, 'sql'>,
  taskIds: readonly string[],
  instruction: string,
): Promise<string> {
  const drafts = await sql.task.findMany({
    where: { id: { in: [...taskIds] }, state: 'draft' },
    orderBy: { number: 'asc' },
    include: { prerequisites: { orderBy: { position: 'asc' }, include: { prerequisite: true } } },
  })
  const most = Math.max(LEAST_CHARS, Math.floor(LIMITS.thread.reviseChars / Math.max(1, drafts.length)))
  const blocks = drafts.map(({ prerequisites, ...draft }) =>
    draftText(
      draft,
      prerequisites.map(({ prerequisite }) => prerequisite),
      most,
    ),
  )
  return [
    `The user wants these drafts to be revised before they start:`,
    ...blocks,
    WHAT_TO_DO,
    `[Your task]\n${instruction}`,
  ].join('\n\n')
}

/** However many drafts there are, so much of each is told. */
const LEAST_CHARS = 500

const WHAT_TO_DO = `Do what is asked below to the plan of these drafts. Look at the project as far as you need to, then call propose_tasks once: with
every draft that changes, complete and under its present key (or id), so that it stays the same draft; with new drafts where some are needed, under
new keys; and with the keys of those to drop in \`remove\`. A draft that you do not name stays as it is.`

function draftText(draft: Task, prerequisites: readonly Task[], most: number): string {
  const { id, key, title, description, plan, doneWhen } = draft
  const text = [description, `Plan:\n${plan}`, doneWhen && `Done when:\n${doneWhen}`].filter(Boolean).join('\n\n')
  const shown =
    text.length > most ? `${text.slice(0, most).toWellFormed()}\n[cut: it has ${text.length} characters]` : text
  const after = prerequisites.map(task => `${oneLine(task.key)} (${task.id})`).join(', ')
  return [
    `Draft ${nameOf({ ...draft, title: oneLine(title) })}`,
    `key: ${oneLine(key)}`,
    `id: ${id}`,
    `depends on: ${after || 'nothing'}`,
    fenced(shown, 'markdown'),
  ].join('\n')
}
