import { LIMITS } from '../../domain/limits.ts'
import type { Prisma } from '../db.ts'
import type { Change, StoreDeps } from './change.ts'
import { fencedEnd, type HeldEnd } from './fence.ts'
import { hasUnread } from './messages.ts'
import { move } from './move.ts'
import { stopPipelines } from './pipeline-end.ts'
import { enqueue, fillSlots, release } from './queue.ts'
import { markDependantsStale } from './stale.ts'
import type { RunStore } from './types.ts'
import { wake } from './wake.ts'

/** The ways in which a run ends. Each gives the slot to the next in line in the same transaction. */
export function finishRun(deps: StoreDeps): Pick<RunStore, 'ready' | 'fail' | 'giveBack' | 'park'> {
  return {
    ready: (fence, { headSha, branch, output }) =>
      fencedEnd(deps, fence, 'ready', async (change, { organization, task, now }) => {
        if (await hasUnread(change, task.threadId)) return false
        const data = {
          headSha,
          branch,
          output,
          readyAt: now,
          finishedAt: now,
          failureCode: null,
          failureText: null,
          deaths: 0,
          brokenRuns: 0,
        }
        await move(change, { task, now }, 'ready', data, { headSha })
        await markDependantsStale(change, task, `“${task.title}”, on which it builds, has changed since`)
        await release(change, task.id)
        await fillSlots(change, organization)
        return true
      }),

    fail: (fence, failure) => fencedEnd(deps, fence, 'fail', (change, held) => failRun(change, held, failure)),

    giveBack: (fence, broken) =>
      fencedEnd(deps, fence, 'giveBack', async (change, { organization, task, now }) => {
        const brokenRuns = task.brokenRuns + (broken ? 1 : 0)
        if (brokenRuns >= LIMITS.engine.brokenRuns) {
          const message = `Slipway could not run this task ${brokenRuns} times in a row. The last time: ${broken}`
          const data = { finishedAt: now, brokenRuns, failureCode: 'infrastructure', failureText: message }
          await move(change, { task, now }, 'failed', data, { failure: { code: 'infrastructure', message } })
          await stopPipelines(change, { task, now }, 'failed')
        } else {
          await move(change, { task, now }, 'queued', { brokenRuns }, { reason: broken ?? 'given back' })
          await enqueue(change, [task.id])
        }
        await fillSlots(change, organization)
      }),

    park: (fence, waitingFor) =>
      fencedEnd(deps, fence, 'park', async (change, { organization, task, now }) => {
        const { reason, until } = waitingFor
        const data = { waitingFor: waitingFor as Prisma.InputJsonObject, dueAt: until ? new Date(until) : null }
        await move(change, { task, now }, 'waiting', data, { waitingFor })
        // Somebody was quicker than the question.
        if (reason === 'answer' && (await hasUnread(change, task.threadId))) {
          await wake(change, { task: { ...task, state: 'waiting' }, now })
        }
        await fillSlots(change, organization)
      }),
  }
}

/** Ends a run as failed, with the reason. */
export async function failRun(
  change: Change,
  { organization, task, now }: HeldEnd,
  { code, message }: { code: string; message: string },
): Promise<void> {
  const data = { finishedAt: now, failureCode: code, failureText: message }
  await move(change, { task, now }, 'failed', data, { failure: { code, message } })
  await stopPipelines(change, { task, now }, 'failed')
  await fillSlots(change, organization)
}
