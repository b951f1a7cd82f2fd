import { v7 as uuid } from 'uuid'
import type { Task } from '../../../prisma/generated/client.ts'
import type { Problem } from '../../contract/common.ts'
import type { ToolArgs } from '../../contract/tools.ts'
import type { Sql } from '../db.ts'
import { Refused } from '../refused.ts'
import { graphWith, refuseCycle } from './edges.ts'
import { nameOf } from './move.ts'

type Proposed = ToolArgs<'propose_tasks'>['tasks'][number]

/** One task of a proposal: what it will be called, and the draft that it changes, if it is not a new one. */
export interface Entry {
  id: string
  draft: Proposed
  existing: Task | null
  /** What it will wait for. */
  prerequisiteIds: string[]
}

type Mistakes = NonNullable<Problem['errors']>

/**
 * What a proposal means. Its names are keys or ids of drafts that the turn may change: those that it was asked to revise and has made
 * since, or else those that its thread proposed. Any other key makes a new draft; but the key of another task of the project would be
 * ambiguous to people, and is refused unless that task was dismissed or is done.
 * @throws Refused with path and message of every mistake; `cycle` for a circle, also through edges that are there already
 */
export async function readProposal(
  sql: Sql,
  turn: Task,
  { tasks, remove = [] }: ToolArgs<'propose_tasks'>,
): Promise<{ entries: Entry[]; removed: Task[] }> {
  const { projectId, threadId } = turn
  const revising = (turn.revising as string[] | null) ?? []
  const scope = await sql.task.findMany({
    where: {
      projectId,
      kind: 'board',
      state: 'draft',
      ...(revising.length > 0 ? { id: { in: revising } } : { proposedInId: threadId }),
    },
    orderBy: { number: 'asc' },
  })
  const mistakes: Mistakes = []
  const wrong = (path: string, message: string) => mistakes.push({ path, message })
  /** The draft that may be changed under this name, if there is one. */
  const find = (name: string, path: string): Task | null => {
    const found = scope.filter(({ id, key }) => id === name.toLowerCase() || key === name)
    if (found.length > 1) wrong(path, `“${name}” is the key of several drafts: use the id, ${idsOf(found)}`)
    return found[0] ?? null
  }

  const entries = tasks.map((draft, index): Entry => {
    const existing = find(draft.key, `tasks.${index}.key`)
    return { id: existing?.id ?? uuid(), draft, existing, prerequisiteIds: [] }
  })
  const removed = remove.flatMap((name, index) => {
    const draft = find(name, `remove.${index}`)
    if (!draft) wrong(`remove.${index}`, `“${name}” is no draft that you may drop`)
    return draft ?? []
  })
  refuseTwice(entries, removed, wrong)
  await refuseForeignKeys(sql, projectId, entries, scope, wrong)
  await resolveDependencies(sql, projectId, { entries, removed, scope }, wrong)
  if (mistakes.length > 0) throw new Refused('invalid_request', 'The proposal has mistakes.', mistakes)

  const graph = await graphWith(
    sql,
    projectId,
    new Map(entries.map(({ id, prerequisiteIds }) => [id, prerequisiteIds])),
  )
  const keys = [
    ...scope.map(({ id, key }) => [id, key] as const),
    ...entries.map(({ id, draft }) => [id, draft.key] as const),
  ]
  await refuseCycle(sql, graph, new Map(keys))
  await refuseNeeded(sql, graph, removed, remove)
  return { entries, removed: [...new Map(removed.map(draft => [draft.id, draft])).values()] }
}

type Wrong = (path: string, message: string) => void

const idsOf = (tasks: readonly Task[]): string => tasks.map(({ id }) => id).join(' or ')

function refuseTwice(entries: readonly Entry[], removed: readonly Task[], wrong: Wrong): void {
  const first = new Map<string, number>()
  for (const [index, { draft, existing }] of entries.entries()) {
    const names = existing ? [existing.id, existing.key] : [draft.key]
    const before = names.map(name => first.get(name)).find(place => place !== undefined)
    if (before !== undefined) wrong(`tasks.${index}.key`, `“${draft.key}” is also the key of task ${before}`)
    for (const name of names) if (!first.has(name)) first.set(name, index)
    if (removed.some(({ id }) => id === existing?.id)) {
      wrong(`tasks.${index}.key`, `“${draft.key}” is also to be removed`)
    }
  }
}

async function refuseForeignKeys(
  sql: Sql,
  projectId: string,
  entries: readonly Entry[],
  scope: readonly Task[],
  wrong: Wrong,
): Promise<void> {
  const keys = entries.flatMap(({ existing, draft }) => (existing ? [] : draft.key))
  const others = await sql.task.findMany({
    where: {
      projectId,
      kind: 'board',
      id: { notIn: scope.map(({ id }) => id) },
      OR: [
        { key: { in: keys }, state: { notIn: ['dismissed', 'done'] } },
        { id: { in: keys.filter(isUuid).map(key => key.toLowerCase()) }, state: { not: 'dismissed' } },
      ],
    },
  })
  for (const [index, { existing, draft }] of entries.entries()) {
    if (existing) continue
    const other = others.find(({ id, key }) => key === draft.key || id === draft.key.toLowerCase())
    if (!other) continue
    const why =
      other.state === 'draft' ? 'a draft that is not yours to change' : `${other.state}, so it is no draft any more`
    wrong(`tasks.${index}.key`, `“${draft.key}” is task ${nameOf(other)}, which is ${why}: choose another key`)
  }
}

interface Names {
  entries: readonly Entry[]
  removed: readonly Task[]
  scope: readonly Task[]
}

/**
 * Fills in what each entry waits for. Names of the call come before those of other drafts, and these before ids and keys of any task
 * of the project.
 */
async function resolveDependencies(
  sql: Sql,
  projectId: string,
  { entries, removed, scope }: Names,
  wrong: Wrong,
): Promise<void> {
  const asked = entries.flatMap(({ draft }) => draft.dependsOn ?? [])
  const tasks = await sql.task.findMany({
    where: {
      projectId,
      kind: 'board',
      OR: [
        { id: { in: asked.filter(isUuid).map(id => id.toLowerCase()) } },
        { key: { in: asked }, state: { not: 'dismissed' } },
      ],
    },
    orderBy: { number: 'asc' },
  })
  const present = await sql.edge.findMany({
    where: { taskId: { in: entries.flatMap(({ existing }) => existing?.id ?? []) } },
    orderBy: { position: 'asc' },
  })
  const gone = new Set(removed.map(({ id }) => id))

  const resolve = (name: string, path: string): string | null => {
    const own = entries.find(
      ({ draft, existing }) =>
        draft.key === name || (existing !== null && (existing.key === name || existing.id === name.toLowerCase())),
    )
    if (own) return own.id
    const named = ({ id, key }: Task) => key === name || id === name.toLowerCase()
    const drafts = scope.filter(named)
    const found = drafts.length > 0 ? drafts : tasks.filter(named)
    if (found.length > 1) wrong(path, `“${name}” is the key of several tasks: use the id, ${idsOf(found)}`)
    const [task] = found
    if (!task) wrong(path, `“${name}” is no key of this proposal, and no key or id of a task of the project`)
    else if (gone.has(task.id)) wrong(path, `“${name}” is to be removed`)
    else if (task.state === 'dismissed') wrong(path, `“${name}” was dismissed`)
    return task?.id ?? null
  }

  for (const [index, entry] of entries.entries()) {
    const { draft, existing } = entry
    const named = draft.dependsOn?.flatMap((name, place) => resolve(name, `tasks.${index}.dependsOn.${place}`) ?? [])
    const kept = present.filter(({ taskId }) => taskId === existing?.id).map(({ prerequisiteId }) => prerequisiteId)
    entry.prerequisiteIds = [...new Set(named ?? kept)]
  }
}

/** A draft that others wait for cannot be dropped: they would wait for ever. */
async function refuseNeeded(
  sql: Sql,
  graph: ReadonlyMap<string, readonly string[]>,
  removed: readonly Task[],
  names: readonly string[],
): Promise<void> {
  const gone = new Set(removed.map(({ id }) => id))
  const needing = [...graph].filter(([id, prerequisites]) => !gone.has(id) && prerequisites.some(one => gone.has(one)))
  const waiting = await sql.task.findMany({
    where: { id: { in: needing.map(([id]) => id) }, state: { not: 'dismissed' } },
    orderBy: { number: 'asc' },
  })
  const mistakes = removed.flatMap((draft, index) => {
    const dependants = waiting.filter(({ id }) => graph.get(id)?.includes(draft.id))
    if (dependants.length === 0) return []
    const who = dependants.map(task => `${nameOf(task)} (key “${task.key}”)`).join(', ')
    return [
      {
        path: `remove.${index}`,
        message: `“${names[index]}” is needed by ${who}: propose that without it, or remove that as well`,
      },
    ]
  })
  if (mistakes.length > 0) throw new Refused('invalid_request', 'The proposal has mistakes.', mistakes)
}

const isUuid = (name: string): boolean => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(name)
