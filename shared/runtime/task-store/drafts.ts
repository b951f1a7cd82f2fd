import { v7 as uuid } from 'uuid'
import type { Project } from '../../../prisma/generated/client.ts'
import type { ProjectSettings } from '../../contract/project.ts'
import type { TaskDraft } from '../../contract/task.ts'
import { findCycle, graphOf } from '../../domain/graph.ts'
import type { Sql } from '../db.ts'
import { notFound, Refused } from '../refused.ts'
import type { Change } from './change.ts'

interface Placed {
  id: string
  threadId: string
  number: number
  draft: TaskDraft
  prerequisiteIds: string[]
}

/** Creates drafts with threads and edges, all or none; gives their ids in the order given. */
export async function createDrafts(change: Change, projectId: string, drafts: readonly TaskDraft[]): Promise<string[]> {
  const { sql } = change
  const ids = new Map(drafts.map(draft => [draft.key, uuid()]))
  refuseDuplicates(drafts)
  await requireProject(sql, projectId)
  await refuseUnknown(sql, projectId, drafts, ids)
  refuseCycles(drafts, ids)

  const project = await takeNumbers(sql, projectId, drafts.length)
  const placed = drafts.map((draft, index): Placed => {
    const prerequisiteIds = [...new Set(draft.dependsOn.map(name => ids.get(name) ?? name.toLowerCase()))]
    const number = project.nextTaskNumber - drafts.length + index
    return { id: ids.get(draft.key)!, threadId: uuid(), number, draft, prerequisiteIds }
  })
  await insert(sql, project, placed)
  for (const { id, threadId, number, draft } of placed) {
    change.event({
      projectId,
      type: 'task.draft',
      taskId: id,
      threadId,
      payload: { to: 'draft', number, title: draft.title },
    })
  }
  return placed.map(({ id }) => id)
}

async function takeNumbers(sql: Sql, projectId: string, count: number): Promise<Project> {
  return sql.project.update({ where: { id: projectId }, data: { nextTaskNumber: { increment: count } } })
}

/** One statement, as batches are large and this is written more often than anything else. */
async function insert(sql: Sql, project: Project, placed: readonly Placed[]): Promise<void> {
  const { id: projectId, organizationId } = project
  const { model } = project.settings as ProjectSettings
  const rows = placed.map(({ draft, ...place }) => ({ ...place, ...draft, model: draft.model ?? model }))
  await sql.$executeRaw`
    WITH draft AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS draft(
        id uuid, "threadId" uuid, number int, "prerequisiteIds" jsonb, key text, title text, description text, plan text,
        "doneWhen" text, priority int, model text
      )
    ), thread AS (
      INSERT INTO threads (id, project_id, kind, title)
      SELECT "threadId", ${projectId}::uuid, 'task', title FROM draft
    ), task AS (
      INSERT INTO tasks (
        id, project_id, organization_id, thread_id, number, key, title, description, plan, done_when, priority, model
      )
      SELECT id, ${projectId}::uuid, ${organizationId}::uuid, "threadId", number, key, title, description, plan, "doneWhen",
        priority, model
      FROM draft
    )
    INSERT INTO edges (task_id, prerequisite_id, position)
    SELECT draft.id, prerequisite.id::uuid, place - 1
    FROM draft, jsonb_array_elements_text("prerequisiteIds") WITH ORDINALITY AS prerequisite(id, place)`
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

export const cycleRefused = (path: readonly string[]): Refused =>
  new Refused('cycle', `Tasks cannot wait for each other in a circle: ${path.join(' → ')}.`)

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Those of the names that are ids of tasks that others of the project may wait for. */
export async function findPrerequisites(sql: Sql, projectId: string, names: readonly string[]): Promise<string[]> {
  const ids = names.filter(name => UUID.test(name)).map(id => id.toLowerCase())
  if (ids.length === 0) return []
  const rows = await sql.task.findMany({
    where: { id: { in: ids }, projectId, pipelineId: null },
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
