import { LIMITS } from '../../domain/limits.ts'
import { autoApply } from './autopilot.ts'
import type { Change, StoreDeps } from './change.ts'
import { fencedEnd, type HeldEnd } from './fence.ts'
import { answersAmong, findUnread, hasUnread } from './messages.ts'
import { move, succeeded } from './move.ts'
import { brokenRunPauseMs, parkRun } from './park.ts'
import { stopPipelines } from './pipeline-end.ts'
import { enqueue, fillSlots, release } from './queue.ts'
import { lastReadyHead, markDependantsStale } from './stale.ts'
import { afterFailedTurn } from './turn.ts'
import type { RunStore } from './types.ts'
import { wake } from './wake.ts'

/** The ways in which a run ends. Each gives the slot to the next in line in the same transaction. */
export function finishRun(deps: StoreDeps): Pick<RunStore, 'ready' | 'fail' | 'giveBack' | 'park'> {
  return {
    ready: (fence, { headSha, branch, output }) =>
      fencedEnd(deps, fence, 'ready', async (change, { organization, task, now }) => {
        if (await hasUnread(change, task.threadId)) return false
        const data = { ...succeeded(now), headSha, branch, output, readyAt: now }
        const before = await lastReadyHead(change.sql, task)
        await move(change, { task, now }, 'ready', data, { headSha })
        if (headSha !== before) {
          await markDependantsStale(change, task, `“${task.title}”, on which it builds, has changed since`)
        }
        await release(change, task.id)
        await autoApply(change, task)
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
          await afterFailedTurn(change, { task, now }, message)
        } else {
          // Without a job until then: the reconciler makes one when the pause is over.
          const dueAt = broken ? new Date(now.getTime() + brokenRunPauseMs(brokenRuns)) : null
          await move(change, { task, now }, 'queued', { brokenRuns, dueAt }, { reason: broken ?? 'given back' })
          if (!broken) await enqueue(change, [task.id])
        }
        await fillSlots(change, organization)
      }),

    park: (fence, waitingFor) =>
      fencedEnd(deps, fence, 'park', async (change, { organization, task, now }) => {
        await parkRun(change, { task, now }, waitingFor)
        // Somebody was quicker than the question.
        const said = waitingFor.reason === 'answer' ? await findUnread(change, task.threadId) : []
        if ((await answersAmong(change.sql, task, said)).length > 0) {
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
  await afterFailedTurn(change, { task, now }, message)
  await fillSlots(change, organization)
}
