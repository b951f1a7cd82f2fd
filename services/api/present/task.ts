import type { ApplyPhase, Blocked, Task } from '../../../shared/contract/task.ts'
import { type BlockedFacts, deriveBlocked, waitOfSubAgents } from '../../../shared/domain/blocked.ts'
import { parallelLimit } from '../../../shared/domain/limits.ts'
import { columnOf, type TaskState } from '../../../shared/domain/task-state.ts'
import type { Database, Task as TaskRow } from '../../../shared/runtime/db.ts'
import { placesInLine } from '../../../shared/runtime/task-store/queue.ts'
import { sumUsage, usageOf, usageOfSubAgents } from './usage.ts'

/** What a task's row does not say: its neighbours, its place in the lines. */
interface Around {
  prerequisites: { id: string; state: TaskState | null }[]
  dependents: string[]
  inLine: number | null
  apply: Task['apply']
  usageTotal: Task['usageTotal']
  waitingFor: BlockedFacts['waitingFor']
}

/** Tasks as the API shows them, in the order given. Reads what stands around them in at most seven queries, however many they are. */
export async function presentTasks(db: Database, rows: readonly TaskRow[]): Promise<Task[]> {
  if (rows.length === 0) return []
  const now = Date.now()
  const [edges, line, applies, subAgents, waits] = await Promise.all([
    readEdges(db, rows),
    readLine(db, rows),
    readApplies(db, rows),
    usageOfSubAgents(db, rows),
    readWaits(db, rows),
  ])
  return rows.map(row =>
    presentTask(row, now, {
      prerequisites: edges.prerequisites.get(row.id) ?? [],
      dependents: edges.dependents.get(row.id) ?? [],
      inLine: line.get(row.id) ?? null,
      apply: applies.get(row.id) ?? null,
      usageTotal: sumUsage(usageOf(row), subAgents.get(row.id)),
      waitingFor: waits.get(row.id) ?? waitOf(row),
    }),
  )
}

/** The tasks of these ids, in this order; ids without a row are left out. */
export async function presentTasksById(db: Database, ids: readonly string[]): Promise<Task[]> {
  const rows = await db.prisma.task.findMany({ where: { id: { in: [...ids] } } })
  const byId = new Map(rows.map(row => [row.id, row]))
  return presentTasks(
    db,
    ids.flatMap(id => byId.get(id) ?? []),
  )
}

function presentTask(row: TaskRow, now: number, around: Around): Task {
  const state = row.state as TaskState
  const blocked = deriveBlocked({
    state,
    prerequisites: around.prerequisites,
    inLine: around.inLine,
    waitingFor: around.waitingFor,
    restsUntil: restsUntil(row),
  })
  return {
    id: row.id,
    number: row.number ?? 0,
    projectId: row.projectId,
    threadId: row.threadId,
    parentTaskId: row.parentTaskId,
    pipelineId: row.pipelineId,
    followsTaskId: row.followsId,
    proposedInThreadId: row.proposedInId,
    key: row.key,
    title: row.title,
    description: row.description,
    plan: row.plan,
    doneWhen: row.doneWhen,
    planVersion: row.planVersion,
    state,
    column: columnOf(state),
    blocked: blocked as Blocked | null,
    stale: row.staleReason !== null,
    staleReason: row.staleReason,
    dependsOn: around.prerequisites.map(({ id }) => id),
    dependents: around.dependents,
    priority: row.priority,
    model: row.model,
    branch: row.branch,
    baseSha: row.baseSha,
    headSha: row.headSha,
    mergeSha: row.mergeSha,
    output: row.output,
    iterations: row.iterations,
    usage: usageOf(row),
    usageTotal: around.usageTotal,
    budgetUsd: row.budgetUsd === null ? null : Number(row.budgetUsd),
    checks: presentChecks(row),
    apply: state === 'applying' ? around.apply : null,
    failure: row.failureCode === null ? null : { code: row.failureCode, message: row.failureText ?? '' },
    epoch: Number(row.epoch),
    attempt: row.attempt,
    activeMs: Number(row.activeMs) + (row.activeSince ? Math.max(0, now - row.activeSince.getTime()) : 0),
    createdAt: row.createdAt.toISOString(),
    acceptedAt: time(row.acceptedAt),
    startedAt: time(row.startedAt),
    readyAt: time(row.readyAt),
    finishedAt: time(row.finishedAt),
  }
}

/** A queued task without a job and a place in line: its runs broke, and it is tried again then. */
function restsUntil({ jobNumber, inLineAt, dueAt }: TaskRow): string | null {
  return jobNumber === null && inLineAt === null ? time(dueAt) : null
}

function presentChecks({ checkStatus, checkPassed, checkFailed }: TaskRow): Task['checks'] {
  if (checkStatus === null) return null
  return {
    status: checkStatus as NonNullable<Task['checks']>['status'],
    ...(checkPassed !== null && { passed: checkPassed }),
    ...(checkFailed !== null && { failed: checkFailed }),
  }
}

const waitOf = ({ waitingFor }: Pick<TaskRow, 'waitingFor'>) => waitingFor as BlockedFacts['waitingFor']

/** What those wait for whose sub-agents are all parked themselves. */
async function readWaits({ prisma }: Database, rows: readonly TaskRow[]) {
  const parents = rows.filter(row => row.state === 'waiting' && waitOf(row)?.reason === 'pipeline')
  if (parents.length === 0) return new Map<string, BlockedFacts['waitingFor']>()
  const ids = parents.flatMap(row => waitOf(row)?.waitingOn ?? [])
  const subAgents = await prisma.task.findMany({
    where: { id: { in: ids } },
    orderBy: { id: 'asc' },
    select: { id: true, parentTaskId: true, state: true, waitingFor: true },
  })
  const byParent = Map.groupBy(subAgents, ({ parentTaskId }) => parentTaskId)
  return new Map(
    parents.map(({ id }) => {
      const own = byParent.get(id) ?? []
      return [id, waitOfSubAgents(own.map(each => ({ state: each.state as TaskState, waitingFor: waitOf(each) })))]
    }),
  )
}

async function readEdges({ prisma }: Database, rows: readonly TaskRow[]) {
  const ids = rows.map(row => row.id)
  const edges = await prisma.edge.findMany({
    where: { OR: [{ taskId: { in: ids } }, { prerequisiteId: { in: ids } }] },
    orderBy: [{ position: 'asc' }],
    include: { prerequisite: { select: { state: true } }, task: { select: { number: true } } },
  })
  const prerequisites = Map.groupBy(edges, edge => edge.taskId)
  const dependents = Map.groupBy(
    edges.toSorted((a, b) => (a.task.number ?? 0) - (b.task.number ?? 0)),
    edge => edge.prerequisiteId,
  )
  return {
    prerequisites: mapValues(prerequisites, edge => ({
      id: edge.prerequisiteId,
      state: edge.prerequisite.state as TaskState,
    })),
    dependents: mapValues(dependents, edge => edge.taskId),
  }
}

/** Places in their organizations' lines for a slot. */
async function readLine({ prisma }: Database, rows: readonly TaskRow[]): Promise<Map<string, number>> {
  const waiting = rows.filter(row => row.state === 'queued' && row.kind !== 'turn')
  if (waiting.length === 0) return new Map()
  const organizations = await prisma.organization.findMany({
    where: { id: { in: [...new Set(waiting.map(row => row.organizationId))] } },
    select: { id: true, plan: true },
  })
  const lines = organizations.map(({ id, plan }) => placesInLine(prisma, { id, limit: parallelLimit(plan) }))
  return new Map((await Promise.all(lines)).flatMap(line => [...line]))
}

/** How far the applies under way are, with their place in their project's line, from 1. */
async function readApplies({ prisma }: Database, rows: readonly TaskRow[]): Promise<Map<string, Task['apply']>> {
  const applying = rows.filter(row => row.state === 'applying')
  if (applying.length === 0) return new Map()
  const projects = [...new Set(applying.map(row => row.projectId))]
  const applies = await prisma.$queryRaw<{ task_id: string; phase: ApplyPhase; place: bigint }[]>`
    SELECT task_id, phase, row_number() OVER (PARTITION BY project_id ORDER BY position) AS place
    FROM applies WHERE project_id = ANY(${projects}::uuid[]) AND finished_at IS NULL`
  return new Map(applies.map(({ task_id, phase, place }) => [task_id, { phase, position: Number(place) }]))
}

function mapValues<K, V, W>(map: ReadonlyMap<K, readonly V[]>, change: (value: V) => W): Map<K, W[]> {
  return new Map([...map].map(([key, values]) => [key, values.map(change)]))
}

const time = (date: Date | null): string | null => date?.toISOString() ?? null
