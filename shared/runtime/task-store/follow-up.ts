import { v7 as uuid } from 'uuid'
import type { Task } from '../../../prisma/generated/client.ts'
import { LIMITS } from '../../domain/limits.ts'
import { tellingLine } from '../../domain/line.ts'
import { slugify } from '../../domain/slug.ts'
import type { Change } from './change.ts'
import { acceptDrafts } from './decide.ts'
import { insertDrafts } from './drafts.ts'
import { tellPeople } from './messages.ts'
import { nameOf } from './move.ts'

/** A task of the board that goes on with a done one, on the newest main. */
export interface FollowUp {
  id: string
  title: string
  number: number
}

/**
 * Makes a task of what somebody says of a done one, and accepts it, as it was asked for. It keeps that one's model and priority, and
 * its prompt tells of it (`Claim.follows`). The organization and the done task must be locked.
 */
export async function followUp(change: Change, done: Task, text: string): Promise<FollowUp> {
  const { projectId, model, priority } = done
  const title = `Follow-up: ${tellingLine(text)}`.slice(0, LIMITS.task.titleChars).toWellFormed()
  const [id, threadId] = [uuid(), uuid()]
  const draft = {
    key: slugify(title, LIMITS.task.keyChars),
    title,
    description: '',
    plan: text,
    doneWhen: '',
    dependsOn: [],
    priority,
    model,
  }
  const number = await insertDrafts(change, projectId, [
    { id, threadId, draft, prerequisiteIds: [], followsId: done.id },
  ])
  await acceptDrafts(change, projectId, [id])
  return { id, title, number }
}

/** Says in the done task's thread what came of the words. */
export async function tellFollowUp(change: Change, done: Task, { id, title, number }: FollowUp): Promise<void> {
  const text = `This became the task ${nameOf({ number, title })}, which builds on the main version as it is now.`
  await tellPeople(change, done, text, [{ type: 'task', taskId: id, title }])
}
