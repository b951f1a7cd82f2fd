import { DelayedError, type Job, type Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { LIMITS } from '../../../shared/domain/limits.ts'
import type { Names } from '../../../shared/runtime/names.ts'
import { Fenced } from '../../../shared/runtime/refused.ts'
import type { Service } from '../../../shared/runtime/service.ts'
import type { ApplyItem } from '../../../shared/runtime/task-store/types.ts'
import { startConsumer } from '../queue/consumer.ts'
import { isFenced } from '../queue/held-run.ts'
import { type ApplyDeps, applyTask, type Line } from './apply-task.ts'

export interface ApplyWorkerDeps extends ApplyDeps {
  redis: Redis
  names: Names
  worker: string
}

const LinePayload = z.object({ projectId: z.string() })
const CONCURRENCY = 4

/** Works off the projects' lines of applies: several projects at once, each project's tasks one after the other. */
export function createApplyWorker(deps: ApplyWorkerDeps): Service {
  const { store, names, log } = deps
  const shutdown = new AbortController()
  let consumer: Worker | undefined

  async function take(job: Job, token?: string): Promise<void> {
    const { projectId } = LinePayload.parse(job.data)
    for (let left = true; left; ) {
      const claimed = await store.claimLine(projectId, deps.worker)
      if ('busyMs' in claimed) {
        if (claimed.busyMs === 0) return
        await job.moveToDelayed(Date.now() + claimed.busyMs, token)
        throw new DelayedError()
      }
      // What was asked for between the last look and the release found the line taken.
      left = (await workOff(claimed)) && (await store.nextApply(claimed.fence)) !== null
    }
  }

  /** False where it was interrupted: what is left is found by the reconciler, or by whoever took the line over. */
  async function workOff(line: Line): Promise<boolean> {
    const lost = new AbortController()
    const signal = AbortSignal.any([shutdown.signal, lost.signal])
    const timer = setInterval(() => {
      store.renewLine(line.fence).catch((error: Error) => {
        if (error instanceof Fenced) lost.abort(error)
        else log.warn({ err: error }, 'line.not_renewed')
      })
    }, LIMITS.engine.renewMs)
    try {
      for (let apply = await store.nextApply(line.fence); apply; apply = await store.nextApply(line.fence)) {
        log.info({ taskId: apply.taskId, title: apply.title }, 'apply.started')
        await attempt(line, apply, signal)
      }
      return true
    } catch (error) {
      log.warn({ projectId: line.fence.projectId, err: error }, 'apply.interrupted')
      return false
    } finally {
      clearInterval(timer)
      await store.releaseLine(line.fence).catch((error: Error) => log.warn({ err: error }, 'line.not_released'))
    }
  }

  /** One try. What of ours broke is counted with the apply before it is thrown; a lost line or a shutdown is no break. */
  async function attempt(line: Line, apply: ApplyItem, signal: AbortSignal): Promise<void> {
    try {
      await applyTask(deps, line, apply, signal)
    } catch (error) {
      if (!signal.aborted && !isFenced(error)) {
        await store
          .applyBroke(line.fence, apply, (error as Error).message)
          .catch((failure: Error) => log.warn({ err: failure }, 'apply.break_not_counted'))
      }
      throw error
    }
  }

  return {
    async start() {
      consumer = await startConsumer(deps, names.queues.applies, CONCURRENCY, take)
    },
    async stop() {
      if (!consumer) return
      const closed = consumer.close()
      shutdown.abort()
      await closed
      consumer = undefined
    },
  }
}
