import type { Message, Task } from '../../shared/runtime/db.ts'
import type { CallKey, Claim, LineFence, StepRecord, TaskStore } from '../../shared/runtime/task-store/index.ts'
import type { Engine } from './engine.ts'
import { claimed } from './runs.ts'

/** The turn of a thread without a task. */
export const turnOf = ({ db }: Engine, threadId: string): Promise<Task> =>
  db.prisma.task.findUniqueOrThrow({ where: { threadId } })

/** The claim that the job of a thread's turn, or of its task, gets. */
export async function claimThread(engine: Engine, threadId: string, worker?: string): Promise<Claim> {
  return claimed(engine, (await turnOf(engine, threadId)).id, worker)
}

/** Everything in a thread, oldest first. */
export const messagesIn = ({ db }: Engine, threadId: string): Promise<Message[]> =>
  db.prisma.message.findMany({ where: { threadId }, orderBy: { seq: 'asc' } })

/** What is told of a thread, oldest first. */
export async function eventsOf({ db }: Engine, threadId: string): Promise<string[]> {
  const events = await db.prisma.event.findMany({ where: { threadId }, orderBy: { seq: 'asc' } })
  return events.map(({ type }) => type)
}

/** A run of a turn that reads what it may, says something, and ends; gives what it read. */
export async function answerTurn(
  store: TaskStore,
  claim: Claim,
  headSha: string | null = null,
): Promise<{ read: string[]; ended: boolean }> {
  await store.open(claim, { baseSha: '1'.repeat(40), prompt: null })
  const read = (await store.readMessages(claim)).map(message => (message.role === 'tool' ? '' : message.text))
  const { iteration } = await store.load(claim)
  const usage = { inputTokens: 1, outputTokens: 1 }
  await store.storeReply(claim, iteration + 1, { text: 'Done.', calls: [], usage }, 0)
  return { read, ended: await store.endTurn(claim, { headSha, output: 'Done.' }) }
}

/** The right to work off the project's line of applies. */
export async function lineOf(store: TaskStore, projectId: string): Promise<LineFence> {
  const claim = await store.claimLine(projectId, 'by-hand')
  if (!('fence' in claim)) throw new Error(`busy for ${claim.busyMs} ms`)
  return claim.fence
}

/** A step of the journal with this result. */
export const stepWith = ({ callIndex }: CallKey, tool: string, result: string): StepRecord => ({
  callIndex,
  tool,
  summary: tool,
  args: {},
  result,
  exitCode: null,
  ms: 1,
})
