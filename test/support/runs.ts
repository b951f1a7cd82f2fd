import { branchName } from '../../shared/domain/slug.ts'
import type { Claim, ClaimResult, TaskStore } from '../../shared/runtime/task-store/index.ts'
import type { Engine } from './engine.ts'

/** A commit's name that a person can tell from another. */
export const sha = (digit: string) => digit.repeat(40)

/** One run as an agent makes it: `iterations` replies with a checkpoint each, then reads what was said, then ready. */
export const work =
  (store: TaskStore, iterations = 1) =>
  async (claim: Claim): Promise<void> => {
    await store.open(claim, { baseSha: sha('1'), prompt: claim.title })
    const { iteration: from } = await store.load(claim)
    for (let iteration = from + 1; iteration <= iterations; iteration++) await iterate(store, claim, iteration)
    for (let round = 0; round < 3; round++) {
      await store.readMessages(claim)
      if (
        await store.ready(claim, {
          // Another attempt makes another commit.
          headSha: sha(String(1 + (claim.attempt % 9))),
          branch: branchName(claim.number!, claim.title),
          output: claim.title,
        })
      )
        return
    }
    await store.fail(claim, { code: 'unread', message: 'A message stays unread.' })
  }

/** One stored iteration: a reply with one call, its result, and a checkpoint. */
export async function iterate(store: TaskStore, claim: Claim, iteration: number): Promise<void> {
  const call = { id: `c${iteration}`, name: 'bash', args: { command: 'true' } }
  const usage = { inputTokens: 1, outputTokens: 1 }
  await store.storeReply(claim, iteration, { text: '', calls: [call], usage }, 0)
  await store.endIteration(claim, {
    attempt: claim.attempt,
    iteration,
    steps: [{ callIndex: 0, tool: 'bash', summary: 'true', args: call.args, result: '', exitCode: 0, ms: 1 }],
    results: { role: 'tool', results: [{ callId: call.id, name: 'bash', text: '' }] },
    checkpoint: (claim.attempt * 1000 + iteration).toString(16).padStart(40, '0'),
  })
}

/** What a job of the task in the queue would do. */
export async function claimAs(engine: Engine, taskId: string, worker: string): Promise<ClaimResult> {
  const { jobNumber } = await engine.db.prisma.task.findUniqueOrThrow({ where: { id: taskId } })
  return engine.store.claim(taskId, jobNumber ?? -1n, worker)
}

/** The claim that the task's job gets; throws where it gets none. */
export async function claimed(engine: Engine, taskId: string, worker = 'by-hand'): Promise<Claim> {
  const result = await claimAs(engine, taskId, worker)
  if (result.kind !== 'claimed') throw new Error(`not claimed: ${JSON.stringify(result)}`)
  return result.claim
}

/** Lets the time of a claim's lease pass. */
export const expireLease = ({ db }: Engine, taskId: string) =>
  db.prisma.$executeRaw`UPDATE tasks SET lease_until = now() - interval '1 second' WHERE id = ${taskId}::uuid`
