import { LIMITS } from '../../domain/limits.ts'
import { satisfies, TASK_STATES } from '../../domain/task-state.ts'
import { Prisma, type Sql } from '../db.ts'
import type { Change } from './change.ts'
import type { LockedOrganization } from './lock.ts'

/** How long the relay has to make a job before the reconciler looks for it. */
const JOB_GRACE_MS = LIMITS.engine.reconcileEveryMs

/** A prerequisite in one of these states holds its dependants back. */
export const UNSATISFYING = TASK_STATES.filter(state => !satisfies(state))

/** Owes each of the tasks a new job: the outbox row's number becomes the number of its job. Whoever is in line keeps the place. */
export async function enqueue({ sql, outboxFilled }: Change, taskIds: readonly string[]): Promise<void> {
  if (taskIds.length === 0) return
  outboxFilled()
  await sql.$executeRaw`
    WITH owed AS (
      INSERT INTO outbox (kind, payload)
      SELECT 'enqueue', jsonb_build_object('taskId', id) FROM unnest(${taskIds}::uuid[]) WITH ORDINALITY AS ids(id, place)
      ORDER BY place
      RETURNING id, (payload->>'taskId')::uuid AS task_id
    )
    UPDATE tasks SET job_number = owed.id, due_at = now() + ${JOB_GRACE_MS} * interval '1 millisecond'
    FROM owed WHERE tasks.id = owed.task_id`
}

/** The task is satisfied: its dependants' gates go, and the reconciler looks whether they went. */
export async function release(change: Change, taskId: string): Promise<void> {
  await change.outbox({ kind: 'release', taskId })
  await change.sql.$executeRaw`
    UPDATE tasks SET due_at = now() + ${JOB_GRACE_MS} * interval '1 millisecond'
    WHERE state = 'queued' AND job_number IS NOT NULL
      AND id IN (SELECT task_id FROM edges WHERE prerequisite_id = ${taskId}::uuid)`
}

/** The task's present job stands for nothing any more. */
export async function discardJob(change: Change, task: { id: string; jobNumber: bigint | null }): Promise<void> {
  if (task.jobNumber === null) return
  await change.outbox({ kind: 'discard', taskId: task.id, jobNumber: String(task.jobNumber) })
}

/** Gives each another job, since the present one carries gates or a priority that no longer hold. */
export async function renewJobs(
  change: Change,
  tasks: readonly { id: string; jobNumber: bigint | null }[],
): Promise<void> {
  for (const task of tasks) await discardJob(change, task)
  await enqueue(
    change,
    tasks.map(({ id }) => id),
  )
}

/**
 * The project is about to be deleted: none of its tasks' jobs stands for anything any more. All its tasks are locked first, so that none gets
 * another job meanwhile; the organization must be locked.
 */
export async function discardJobsOf({ sql, outboxFilled }: Change, projectId: string): Promise<void> {
  const discarded = await sql.$executeRaw`
    WITH locked AS (SELECT id, job_number FROM tasks WHERE project_id = ${projectId}::uuid ORDER BY id FOR NO KEY UPDATE)
    INSERT INTO outbox (kind, payload)
    SELECT 'discard', jsonb_build_object('taskId', id, 'jobNumber', job_number::text) FROM locked WHERE job_number IS NOT NULL`
  if (discarded > 0) outboxFilled()
}

/**
 * Gives the free slots to those in line: each that is next gets a job, and keeps its place until its claim. Called in every
 * transaction that frees a slot or takes somebody with a job out of the line, with the organization locked.
 */
export async function fillSlots(change: Change, organization: LockedOrganization): Promise<void> {
  await callNext(change, await nextInLine(change, organization))
}

/** Somebody in line to whom a free slot belongs. `called`: a job is on its way already. */
export interface NextInLine {
  id: string
  called: boolean
}

/** Makes a job for each that has none. */
export async function callNext(change: Change, next: readonly NextInLine[]): Promise<void> {
  await enqueue(
    change,
    next.filter(({ called }) => !called).map(({ id }) => id),
  )
}

/** Those in line to whom the free slots belong. Passed over: tasks whose project has reached its own limit. The organization must be locked. */
export async function nextInLine(change: Change, organization: LockedOrganization): Promise<NextInLine[]> {
  return change.sql.$queryRaw<NextInLine[]>`
    ${lineOf(organization.id)} ${nextOf(organization)}`
}

/**
 * Places, from 1, of those in line who must wait until a slot gets free, in the order in which slots are given. Those to whom a free slot
 * belongs have no place: they wait for a host.
 */
export async function placesInLine(sql: Sql, organization: LockedOrganization): Promise<Map<string, number>> {
  const places = await sql.$queryRaw<{ id: string; place: bigint }[]>`
    ${lineOf(organization.id)}, next AS (${nextOf(organization)})
    SELECT id, row_number() OVER (ORDER BY priority DESC, accepted_at, number, id) AS place
    FROM line WHERE id NOT IN (SELECT id FROM next)`
  return new Map(places.map(({ id, place }) => [id, Number(place)]))
}

/**
 * `running`: how many tasks each project runs. `line`: the organization's queued tasks that could run but for the limits, by priority, then
 * age, tasks of a pipeline in the place of the one that started them. Whoever has a job is in line before its claim too: else tasks that
 * are accepted together would race for the slots. `parallel` is how many its project would run with it and all that come before it, and
 * `most` how many it may.
 */
const lineOf = (organizationId: string) => Prisma.sql`
    WITH running AS (
      SELECT project_id, count(*) AS count FROM tasks
      WHERE organization_id = ${organizationId}::uuid AND state = 'active' AND kind <> 'turn' GROUP BY project_id
    ), line AS (
      SELECT t.id, t.job_number, t.priority, t.accepted_at, coalesce(t.number, parent.number) AS number,
        coalesce(r.count, 0) + row_number() OVER (
          PARTITION BY t.project_id
          ORDER BY t.priority DESC, t.accepted_at, coalesce(t.number, parent.number), t.id
        ) AS parallel,
        coalesce((p.settings->>'maxParallel')::int, 2147483647) AS most
      FROM tasks t JOIN projects p ON p.id = t.project_id LEFT JOIN running r ON r.project_id = t.project_id
        LEFT JOIN tasks parent ON parent.id = t.parent_task_id
      WHERE t.organization_id = ${organizationId}::uuid AND t.state = 'queued' AND t.kind <> 'turn'
        AND (t.in_line_at IS NOT NULL OR t.job_number IS NOT NULL)
        AND NOT EXISTS (
          SELECT 1 FROM edges e JOIN tasks q ON q.id = e.prerequisite_id
          WHERE e.task_id = t.id AND q.state = ANY(${UNSATISFYING})
        )
    )`

/** Of `line`, those to whom the free slots belong. */
const nextOf = ({ limit }: LockedOrganization) => Prisma.sql`
    SELECT id, job_number IS NOT NULL AS called FROM line WHERE parallel <= most
    ORDER BY priority DESC, accepted_at, number, id
    LIMIT greatest(0, ${limit} - (SELECT coalesce(sum(count), 0) FROM running))`
