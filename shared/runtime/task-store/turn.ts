import { v7 as uuid } from 'uuid'
import type { Message, Task } from '../../../prisma/generated/client.ts'
import type { ProjectSettings } from '../../contract/project.ts'
import { MessagePart } from '../../contract/thread.ts'
import { LIMITS } from '../../domain/limits.ts'
import { tellingLine } from '../../domain/line.ts'
import { canStartAgain } from '../../domain/task-state.ts'
import { Prisma } from '../db.ts'
import { notFound, Refused } from '../refused.ts'
import { requestApply } from './apply-request.ts'
import type { Change, StoreDeps } from './change.ts'
import { cancelTask, startAgain } from './decide.ts'
import { fencedEnd } from './fence.ts'
import { lockOrganizationOf, lockTask, lockTasks } from './lock.ts'
import { appendMessage, findUnread, readableBy, tellPeople, threadOf } from './messages.ts'
import { move, stateOf, succeeded } from './move.ts'
import type { RunStore, TurnMode } from './types.ts'
import { wake } from './wake.ts'

type Locked = { task: Task; now: Date }

/** What a person says in a thread without a task. */
export interface Said {
  text: string
  mode?: TurnMode | undefined
  parts?: MessagePart[]
}

/**
 * Appends to a thread without a task, and wakes or starts its turn. While the turn waits for an answer, plain words are that answer,
 * whatever mode they come with. Everything else in another mode than that of the turn under way waits until that turn is over.
 */
export async function sayInThread(
  change: Change,
  thread: { id: string; projectId: string },
  { text, mode = 'build', parts = [] }: Said,
): Promise<string> {
  const { task, now } = await lockTurn(change, thread)
  const answers = parts.length === 0 && waitsForAnswer(task)
  const { id } = await appendMessage(change, threadOf(task), {
    role: 'user',
    text,
    parts,
    mode: answers ? (task.mode as TurnMode) : mode,
    attempt: task.attempt,
  })
  const state = stateOf(task)
  if (canStartAgain(state)) await startTurn(change, { task, now })
  else if (answers) await wake(change, { task, now })
  else change.nudge(task.id)
  return id
}

/** Whether a task or turn is parked with a question. */
export const waitsForAnswer = ({ state, waitingFor }: Pick<Task, 'state' | 'waitingFor'>): boolean =>
  state === 'waiting' && (waitingFor as { reason?: string } | null)?.reason === 'answer'

/** The turn of a thread, made with the first message. The organization's lock lets two first messages take turns. */
async function lockTurn({ sql }: Change, thread: { id: string; projectId: string }): Promise<Locked> {
  const { id: threadId, projectId } = thread
  const { id: organizationId } = await lockOrganizationOf(sql, projectId)
  const known = await sql.task.findUnique({ where: { threadId }, select: { id: true } })
  const { id } =
    known ??
    (await sql.task.create({
      data: {
        id: uuid(),
        projectId,
        organizationId,
        threadId,
        kind: 'turn',
        state: 'ready',
        key: 'turn',
        ...NO_TEXT,
        model: await modelOf({ sql }, projectId),
      },
      select: { id: true },
    }))
  const { tasks, now } = await lockTasks(sql, [id])
  return { task: tasks[0]!, now }
}

const NO_TEXT = { title: '', description: '', plan: '', doneWhen: '' }

async function modelOf({ sql }: Pick<Change, 'sql'>, projectId: string): Promise<string> {
  const project = await sql.project.findUnique({ where: { id: projectId }, select: { settings: true } })
  if (!project) throw notFound('project')
  return (project.settings as ProjectSettings).model
}

/**
 * Starts a turn that is over with what waits in its thread, in the mode of the first such message and with the project's present model.
 * False where nothing waits.
 */
export async function startTurn(change: Change, locked: Locked): Promise<boolean> {
  const { task } = locked
  const first = (await findUnread(change, task.threadId)).find(({ role }) => role === 'user')
  if (!first) return false
  await startAgain(change, locked, {
    // Without work of its own it begins on the newest main.
    ...(task.headSha === null && { baseSha: null }),
    mode: first.mode ?? 'build',
    revising: Prisma.DbNull,
    title: titleOf(wordsOf(first)),
    model: await modelOf(change, task.projectId),
  })
  return true
}

/** What the person said, where more was made of it. */
function wordsOf({ text, parts }: Pick<Message, 'text' | 'parts'>): string {
  const revise = MessagePart.array()
    .parse(parts)
    .find(part => part.type === 'revise')
  return revise?.instruction ?? text
}

/** What a turn is called: the first line of what it was asked that says something. */
export function titleOf(words: string): string {
  return tellingLine(words).slice(0, LIMITS.task.titleChars).toWellFormed()
}

/** A turn that has failed: the thread says so, and what waits in another mode has its turn now. What waits in its own mode waits on. */
export async function afterFailedTurn(change: Change, { task, now }: Locked, failureText: string): Promise<void> {
  if (task.kind !== 'turn') return
  // Without a place in the history: there it could stand between a call and its result.
  const kept = hasWork(task) && WORK_IS_KEPT
  await tellPeople(change, task, [`The agent could not go on: ${failureText}`, kept].filter(Boolean).join('\n\n'))
  const unread = await findUnread(change, task.threadId)
  if (unread.length > 0 && readableBy(task, unread).length === 0) {
    await startTurn(change, { task: { ...task, state: 'failed' }, now })
  }
}

const WORK_IS_KEPT =
  'What it has changed so far is kept: the next message goes on from there, and it becomes part of the main version with what follows. Stop the thread to put it aside.'

export function endTurns(deps: StoreDeps): Pick<RunStore, 'endTurn'> {
  return {
    endTurn: (fence, { headSha, output }) =>
      fencedEnd(deps, fence, 'endTurn', async (change, { task, now }) => {
        if (task.kind !== 'turn') throw new Error(`Task ${task.id} is no turn`)
        if (readableBy(task, await findUnread(change, task.threadId)).length > 0) return false
        const built = task.mode === 'build' && headSha !== null
        // What a build turn left unfinished outlives the plans that are made meanwhile.
        const left = task.mode === 'plan' && task.headSha !== null
        const work = built ? { headSha } : left ? {} : { baseSha: null, headSha: null }
        const data = { ...succeeded(now), ...work, output, revising: Prisma.DbNull, readyAt: now }
        await move(change, { task, now }, 'ready', data, { headSha: built ? headSha : null })
        if (built) await requestApply(change, task.id)
        else await startTurn(change, { task: { ...task, state: 'ready' }, now })
        return true
      }),
  }
}

/**
 * Cancels what the agent does in a thread, and lets its next run put aside what it has changed so far: else that would become part of the
 * main version with the next change. Where nothing runs, it does that for what a failed or refused one has left. What waits unread is read
 * with the next message.
 */
export async function stopThread(change: Change, threadId: string): Promise<void> {
  const { sql } = change
  const thread = await sql.thread.findUnique({ where: { id: threadId }, include: { task: { select: { id: true } } } })
  if (!thread) throw notFound('thread')
  if (thread.kind === 'task') throw new Refused('illegal_state', 'This is a task’s thread: cancel the task.')
  const task = thread.task && (await lockTask(sql, thread.task.id)).task
  const state = task ? stateOf(task) : 'ready'
  if (state === 'applying') {
    throw new Refused('illegal_state', 'What the agent has built is becoming part of the main version (applying).')
  }
  const idle = canStartAgain(state)
  if (!task || (idle && !hasWork(task))) {
    const word = state === 'ready' ? 'idle' : state
    throw new Refused('illegal_state', `Nothing runs in this thread: it is ${word}.`)
  }
  if (!idle) await cancelTask(change, task.id)
  if (!hasWork(task)) return
  await sql.task.update({ where: { id: task.id }, data: { baseSha: null } })
  const text = 'Stopped. What was changed so far is put aside: the next message begins on the newest main version.'
  await tellPeople(change, task, text)
}

/** Whether a turn has changed something that is not part of main, and that nobody has put aside: with a base it goes on from there. */
const hasWork = ({ baseSha, headSha }: Task): boolean => baseSha !== null && headSha !== null
