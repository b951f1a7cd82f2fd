import type { Task } from '../../../prisma/generated/client.ts'
import { Fenced } from '../refused.ts'
import { type Change, change, type StoreDeps } from './change.ts'
import { asTask, type LockedOrganization, type LockedRow, lockOrganization } from './lock.ts'
import type { Fence } from './types.ts'

export interface Held {
  task: Task
  now: Date
}

export interface HeldEnd extends Held {
  organization: LockedOrganization
}

/**
 * Runs one write of a run: the task's row is locked and must still be held by that run. A write that comes too late is
 * counted and throws `Fenced`; nothing of it is kept.
 */
export async function fenced<T>(
  deps: StoreDeps,
  fence: Fence,
  write: string,
  work: (change: Change, held: Held) => Promise<T>,
): Promise<T> {
  try {
    return await change(deps, async unit => work(unit, await hold(unit, fence, write)))
  } catch (error) {
    if (error instanceof Fenced) await countLateWrite(deps, fence, write)
    throw error
  }
}

/** As `fenced`, for writes that end the run: the organization is locked first, since a slot gets free. */
export async function fencedEnd<T>(
  deps: StoreDeps,
  fence: Fence,
  write: string,
  work: (change: Change, held: HeldEnd) => Promise<T>,
): Promise<T> {
  try {
    return await change(deps, async unit => {
      const organization = await lockOrganization(unit.sql, fence.organizationId)
      return work(unit, { ...(await hold(unit, fence, write)), organization })
    })
  } catch (error) {
    if (error instanceof Fenced) await countLateWrite(deps, fence, write)
    throw error
  }
}

async function hold({ sql }: Change, { taskId, epoch }: Fence, write: string): Promise<Held> {
  const [row] = await sql.$queryRaw<[LockedRow?]>`
    SELECT now() AS clock, tasks.* FROM tasks
    WHERE id = ${taskId}::uuid AND epoch = ${epoch} AND state = 'active' FOR NO KEY UPDATE`
  if (!row) throw new Fenced(`Epoch ${epoch} no longer holds task ${taskId}: “${write}” came too late.`)
  return { task: asTask(row), now: row.clock }
}

/** Notes a write that came too late, of a run or of whoever worked off a line; the epoch is the run's or the line's. */
export async function countLateWrite(
  { db, log }: StoreDeps,
  { taskId, epoch, worker }: Pick<Fence, 'taskId' | 'epoch' | 'worker'>,
  write: string,
): Promise<void> {
  log.warn({ taskId, epoch: Number(epoch), worker, write }, 'run.fenced')
  await db.prisma.fencedWrite.create({ data: { taskId, epoch, write, worker } })
}
