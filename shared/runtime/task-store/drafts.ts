import { v7 as uuid } from 'uuid'
import type { Project } from '../../../prisma/generated/client.ts'
import type { ProjectSettings } from '../../contract/project.ts'
import type { TaskDraft } from '../../contract/task.ts'
import { findCycle, graphOf } from '../../domain/graph.ts'
import type { Sql } from '../db.ts'
import { notFound, Refused } from '../refused.ts'
import type { Change } from './change.ts'
import { acceptDrafts } from './decide.ts'
import { cycleRefused } from './edges.ts'
import { lockOrganization } from './lock.ts'

/** A draft with what it is to be called, and where it comes from. */
export interface PlacedDraft {
  id: string
  threadId: string
  draft: TaskDraft
  prerequisiteIds: string[]
  /** The thread whose agent proposed it. */
  proposedInId?: string
  /** The done task that it follows. */
  followsId?: string
}

/**
 * Creates drafts with threads and edges, all or none; gives their ids in the order given. Where the project's `autoAccept` is set they
 * are accepted in the same transaction, whoever made them: a person who lets drafts of the agent start by themselves wants no less of
 * their own.
 */
export async function createDrafts(change: Change, projectId: string, drafts: readonly TaskDraft[]): Promise<string[]> {
  const { sql } = change
  const ids = new Map(drafts.map(draft => [draft.key, uuid()]))
  refuseDuplicates(drafts)
  const { settings, organizationId } = await requireProject(sql, projectId)
  const { autoAccept } = settings as ProjectSettings
  if (autoAccept) await lockOrganization(sql, organizationId)
  await refuseUnknown(sql, projectId, drafts, ids)
  refuseCycles(drafts, ids)

  const placed = drafts.map((draft): PlacedDraft => {
    const prerequisiteIds = [...new Set(draft.dependsOn.map(name => ids.get(name) ?? name.toLowerCase()))]
    return { id: ids.get(draft.key)!, threadId: uuid(), draft, prerequisiteIds }
  })
  await insertDrafts(change, projectId, placed)
  const created = placed.map(({ id }) => id)
  if (autoAccept) await acceptDrafts(change, projectId, created)
  return created
}

/** Writes drafts, in the order given, and tells of them; gives the number of the first. */
export async function insertDrafts(
  { sql, event }: Change,
  projectId: string,
  placed: readonly PlacedDraft[],
): Promise<number> {
  const first = await insert(sql, projectId, placed)
  for (const [index, { id, threadId, draft, proposedInId, followsId }] of placed.entries()) {
    const from = { ...(proposedInId && { proposedInId }), ...(followsId && { followsId }) }
    const payload = { to: 'draft', number: first + index, title: draft.title, ...from }
    event({ projectId, type: 'task.draft', taskId: id, threadId, payload })
  }
  return first
}

/**
 * One statement, as batches are large, nothing is written more often, and all of a project's are numbered one after the other.
 * Gives the number of the first.
 */
async function insert(sql: Sql, projectId: string, placed: readonly PlacedDraft[]): Promise<number> {
  const rows = placed.map(({ draft, ...ids }, place) => ({ ...ids, ...draft, place }))
  const [numbered] = await sql.$queryRaw<[{ first: number }?]>`
    WITH project AS (
      UPDATE projects SET next_task_number = next_task_number + ${rows.length} WHERE id = ${projectId}::uuid
      RETURNING id, organization_id, settings->>'model' AS model, next_task_number - ${rows.length} AS first
    ), draft AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS draft(
        place int, id uuid, "threadId" uuid, "prerequisiteIds" jsonb, key text, title text, description text, plan text,
        "doneWhen" text, priority int, model text, "budgetUsd" numeric, "proposedInId" uuid, "followsId" uuid
      )
    ), thread AS (
      INSERT INTO threads (id, project_id, kind, title)
      SELECT "threadId", project.id, 'task', title FROM draft, project
    ), task AS (
      INSERT INTO tasks (
        id, project_id, organization_id, thread_id, number, key, title, description, plan, done_when, priority, model,
        budget_usd, proposed_in_id, follows_id
      )
      SELECT draft.id, project.id, organization_id, "threadId", first + place, key, title, description, plan, "doneWhen",
        priority, coalesce(draft.model, project.model), "budgetUsd", "proposedInId", "followsId"
      FROM draft, project
    ), edge AS (
      INSERT INTO edges (task_id, prerequisite_id, position)
      SELECT draft.id, prerequisite.id::uuid, position - 1
      FROM project, draft, jsonb_array_elements_text("prerequisiteIds") WITH ORDINALITY AS prerequisite(id, position)
    )
    SELECT first FROM project`
  if (!numbered) throw notFound('project')
  return numbered.first
}

function refuseDuplicates(drafts: readonly TaskDraft[]): void {
  const first = new Map<string, number>()
  const errors = drafts.flatMap(({ key }, index) => {
    const before = first.get(key)
    if (before === undefined) first.set(key, index)
    return before === undefined
      ? []
      : [{ path: `tasks.${index}.key`, message: `“${key}” is also the key of task ${before}` }]
  })
  if (errors.length > 0) throw new Refused('invalid_request', 'Each task of a batch needs a key of its own.', errors)
}

async function refuseUnknown(
  sql: Sql,
  projectId: string,
  drafts: readonly TaskDraft[],
  ids: ReadonlyMap<string, string>,
): Promise<void> {
  const elsewhere = new Set(drafts.flatMap(draft => draft.dependsOn).filter(name => !ids.has(name)))
  const known = new Set(await findPrerequisites(sql, projectId, [...elsewhere]))
  const errors = drafts.flatMap((draft, index) =>
    draft.dependsOn.flatMap((name, place) =>
      ids.has(name) || known.has(name.toLowerCase())
        ? []
        : [
            {
              path: `tasks.${index}.dependsOn.${place}`,
              message: `“${name}” is no key of this batch and no task of the project`,
            },
          ],
    ),
  )
  if (errors.length > 0) throw new Refused('invalid_request', 'Some dependencies name no task.', errors)
}

function refuseCycles(drafts: readonly TaskDraft[], ids: ReadonlyMap<string, string>): void {
  const cycle = findCycle(
    graphOf(
      drafts,
      draft => draft.key,
      draft => draft.dependsOn.filter(name => ids.has(name)),
    ),
  )
  if (cycle) throw cycleRefused(cycle)
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Those of the names that are ids of tasks that others of the project may wait for. */
export async function findPrerequisites(sql: Sql, projectId: string, names: readonly string[]): Promise<string[]> {
  const ids = names.filter(name => UUID.test(name)).map(id => id.toLowerCase())
  if (ids.length === 0) return []
  const rows = await sql.task.findMany({
    where: { id: { in: ids }, projectId, kind: 'board' },
    select: { id: true },
  })
  return rows.map(({ id }) => id)
}

/** The project, or a refusal. */
export async function requireProject(sql: Sql, projectId: string): Promise<Project> {
  const project = await sql.project.findUnique({ where: { id: projectId } })
  if (!project) throw notFound('project')
  return project
}
