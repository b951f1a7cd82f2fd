import { v7 as uuid } from 'uuid'
import type { Task } from '../../../prisma/generated/client.ts'
import type { ProjectSettings } from '../../contract/project.ts'
import type { ToolArgs } from '../../contract/tools.ts'
import { Refused } from '../refused.ts'
import type { Change, StoreDeps } from './change.ts'
import { acceptDrafts } from './decide.ts'
import { insertDrafts, requireProject } from './drafts.ts'
import { setEdges } from './edges.ts'
import { fencedEnd, type HeldEnd } from './fence.ts'
import { writeJournal } from './journal.ts'
import { lockTasks } from './lock.ts'
import { move } from './move.ts'
import { keepPlan } from './plan-versions.ts'
import { type Entry, readProposal } from './proposal.ts'
import { markDependantsStale } from './stale.ts'
import type { Proposed, ProposedDraft, RunStore } from './types.ts'

export function proposals(deps: StoreDeps): Pick<RunStore, 'propose'> {
  return {
    propose: (fence, { callIndex, ...reply }, args, step) =>
      fencedEnd(deps, fence, 'propose', async (unit, held) => {
        const { task } = held
        const known = await unit.sql.step.findFirst({ where: { taskId: task.id, ...reply, callIndex } })
        if (known) return known.result
        if (task.kind !== 'turn') {
          throw new Refused('illegal_state', 'Only the agent of a thread without a task can propose tasks.')
        }
        const made = step(await carryOut(unit, held, args))
        await writeJournal(unit, task, reply, [made])
        return made.result
      }),
  }
}

/** All of a proposal, or nothing. The organization is locked, so that nobody else changes drafts or edges meanwhile. */
async function carryOut(
  change: Change,
  { task: turn, now }: HeldEnd,
  args: ToolArgs<'propose_tasks'>,
): Promise<Proposed> {
  const { sql } = change
  const { projectId } = turn
  const { settings } = await requireProject(sql, projectId)
  const { entries, removed } = await readProposal(sql, turn, args)
  const touched = [...entries.flatMap(({ existing }) => existing?.id ?? []), ...removed.map(({ id }) => id)]
  await lockTasks(sql, touched)

  for (const draft of removed) {
    await move(change, { task: draft, now }, 'dismissed', { finishedAt: now })
    await markDependantsStale(change, draft, `“${draft.title}”, on which it builds, was dismissed`)
  }
  const fresh = entries.filter(({ existing }) => !existing)
  const first = fresh.length === 0 ? 0 : await create(change, turn, fresh)
  await mayReviseToo(change, turn, fresh)
  for (const entry of entries) if (entry.existing) await reviseDraft(change, entry.existing, entry)

  const accepted = (settings as ProjectSettings).autoAccept
  if (accepted && entries.length > 0) {
    await acceptDrafts(
      change,
      projectId,
      entries.map(({ id }) => id),
    )
  }
  return {
    created: fresh.map((entry, index) => named(entry, first + index)),
    revised: entries.flatMap(entry => (entry.existing ? [named(entry, entry.existing.number ?? 0)] : [])),
    removed: removed.map(({ id, key, title, number }) => ({ id, key, title, number: number ?? 0, dependsOn: [] })),
    accepted,
  }
}

const named = ({ id, existing, draft, prerequisiteIds }: Entry, number: number): ProposedDraft => ({
  id,
  key: existing?.key ?? draft.key,
  title: draft.title,
  number,
  dependsOn: prerequisiteIds,
})

async function create(change: Change, turn: Task, fresh: readonly Entry[]): Promise<number> {
  const placed = fresh.map(({ id, draft, prerequisiteIds }) => ({
    id,
    threadId: uuid(),
    draft: { ...draft, dependsOn: [], priority: draft.priority ?? 0 },
    prerequisiteIds,
    proposedInId: turn.threadId,
  }))
  return insertDrafts(change, turn.projectId, placed)
}

/** A turn that was asked to revise some drafts may change those that it makes of them as well. */
async function mayReviseToo({ sql }: Change, turn: Task, fresh: readonly Entry[]): Promise<void> {
  const revising = (turn.revising as string[] | null) ?? []
  if (revising.length === 0 || fresh.length === 0) return
  await sql.task.update({ where: { id: turn.id }, data: { revising: [...revising, ...fresh.map(({ id }) => id)] } })
}

/** The same task with another plan; its former one is kept. */
async function reviseDraft(change: Change, task: Task, { draft, prerequisiteIds }: Entry): Promise<void> {
  const { sql, event } = change
  const { title, description, plan, doneWhen, priority = task.priority } = draft
  const text = { title, description, plan, doneWhen }
  const planVersion = await keepPlan(sql, task, { ...text, dependsOn: prerequisiteIds }, 'agent')
  if (planVersion === null && priority === task.priority) return
  await sql.task.update({
    where: { id: task.id },
    data: { ...text, priority, ...(planVersion !== null && { planVersion }) },
  })
  if (title !== task.title) await sql.thread.update({ where: { id: task.threadId }, data: { title } })
  await setEdges(sql, task.id, prerequisiteIds)
  event({
    projectId: task.projectId,
    type: 'task.updated',
    taskId: task.id,
    threadId: task.threadId,
    payload: { fields: ['plan'], title, ...(planVersion !== null && { planVersion }) },
  })
}
