import type { Task } from '../../../prisma/generated/client.ts'
import { Prisma } from '../db.ts'
import type { Change } from './change.ts'
import { move, type TaskData } from './move.ts'
import { enqueue } from './queue.ts'

/** Ends a parked task's wait: it goes on at its checkpoint, and no attempt is counted. `data`: what is written besides. */
export async function wake(change: Change, locked: { task: Task; now: Date }, data: TaskData = {}): Promise<void> {
  await move(change, locked, 'queued', { waitingFor: Prisma.DbNull, dueAt: null, ...data })
  await enqueue(change, [locked.task.id])
}
