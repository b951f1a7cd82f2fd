import { LIMITS } from '../../shared/domain/limits.ts'
import type { Database } from '../../shared/runtime/db.ts'
import type { Log } from '../../shared/runtime/log.ts'
import type { Service } from '../../shared/runtime/service.ts'
import type { Sandbox } from './sandbox/sandbox.ts'

/** Removes containers that a crash left behind. A database that cannot be read means that nothing is removed. */
export function createReaper({ db, sandbox, log }: { db: Database; sandbox: Sandbox; log: Log }): Service {
  let timer: NodeJS.Timeout | undefined
  let reaping: Promise<unknown> = Promise.resolve()

  /** A container belongs to the run that holds its task, or to whoever verifies the task's apply. */
  const isLive = async (taskId: string, epoch: number): Promise<boolean> => {
    const [row] = await db.prisma.$queryRaw<[{ live: boolean }?]>`
      SELECT (t.state = 'active' AND t.epoch = ${epoch})
          OR (p.apply_epoch = ${epoch} AND p.apply_lease_until > now()) AS live
      FROM tasks t JOIN projects p ON p.id = t.project_id WHERE t.id = ${taskId}::uuid`
    return row?.live ?? false
  }
  const reap = () => sandbox.reap(isLive).catch((error: Error) => log.warn({ err: error }, 'reaper.failed'))

  return {
    async start() {
      reaping = reap()
      timer = setInterval(() => {
        reaping = reap()
      }, LIMITS.container.reapEveryMs)
    },
    async stop() {
      clearInterval(timer)
      await reaping
    },
  }
}
