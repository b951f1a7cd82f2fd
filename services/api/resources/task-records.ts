import { z } from 'zod'
import type { Task } from '../../../shared/runtime/db.ts'
import { Prisma } from '../../../shared/runtime/db.ts'
import { Refused } from '../../../shared/runtime/refused.ts'
import { nameOf } from '../../../shared/runtime/task-store/move.ts'
import { type Handlers, TextAnswer } from '../answer.ts'
import { decodeCursor, IdKey, paged } from '../paging.ts'
import type { ResourceDeps } from '../resource-deps.ts'

type Names = 'getDiff' | 'getLog' | 'getChecks' | 'getCheckpoints'

const place = z.int().min(0).max(2_147_483_647)
const StepKey = z.tuple([place, place, place])
const CheckpointKey = z.tuple([place, place])

interface StepRow {
  at: Date
  tool: string
  summary: string
  ms: number
  exit_code: number | null
  attempt: number
  iteration: number
  call_index: number
  result: string
}

export function taskRecordHandlers({ db: { prisma }, git, scope }: ResourceDeps): Handlers<Names> {
  /** Main's own result is stored once for the project: the newest there was when the task's last check was stored. */
  async function mainBeside({ taskId, projectId }: { taskId: string; projectId: string }): Promise<string | null> {
    const last = await prisma.check.findFirst({ where: { taskId }, orderBy: { id: 'desc' } })
    if (!last) return null
    const { command, id } = last
    const main = await prisma.check.findFirst({
      where: { projectId, command, onMain: true, id: { lt: id } },
      orderBy: { id: 'desc' },
    })
    return main?.id ?? null
  }

  /** Commits that applies of the task have made of it and main. */
  async function mergesOf(taskId: string): Promise<Set<string | null>> {
    const applies = await prisma.apply.findMany({ where: { taskId }, select: { mergeSha: true } })
    return new Set(applies.map(({ mergeSha }) => mergeSha))
  }

  return {
    async getDiff({ identity, params, query, prefersText }) {
      const task = await scope.task(identity, params.id)
      const range = rangeOf(task)
      if (query.format === 'patch' || prefersText) {
        return new TextAnswer('text/plain; charset=utf-8', await git.patch(task.projectId, range))
      }
      return git.diff(task.projectId, range)
    },

    async getLog({ identity, params, query: { limit, cursor } }) {
      const { id } = await scope.task(identity, params.id)
      const after = decodeCursor(cursor, StepKey) ?? [-1, -1, -1]
      const rows = await prisma.$queryRaw<StepRow[]>`
        SELECT at, tool, summary, ms, exit_code, attempt, iteration, call_index, result FROM steps
        WHERE task_id = ${id}::uuid
          AND (attempt, iteration, call_index) > (${Prisma.join(after.map(part => Prisma.sql`${part}::int`))})
        ORDER BY attempt, iteration, call_index LIMIT ${limit + 1}`
      return paged(
        rows,
        limit,
        row => [row.attempt, row.iteration, row.call_index],
        shown =>
          shown.map(row => ({
            at: row.at.toISOString(),
            tool: row.tool,
            summary: row.summary,
            ms: row.ms,
            ...(row.exit_code !== null && { exitCode: row.exit_code }),
            attempt: row.attempt,
            iteration: row.iteration,
            output: row.result,
          })),
      )
    },

    async getChecks({ identity, params, query: { limit, cursor } }) {
      const { id: taskId, projectId } = await scope.task(identity, params.id)
      const [before] = decodeCursor(cursor, IdKey) ?? []
      const onMain = await mainBeside({ taskId, projectId })
      const rows = await prisma.check.findMany({
        where: {
          OR: [{ taskId }, ...(onMain ? [{ id: onMain }] : [])],
          ...(before && { id: { lt: before } }),
        },
        orderBy: { id: 'desc' },
        take: limit + 1,
      })
      const merges = await mergesOf(taskId)
      return paged(
        rows,
        limit,
        row => [row.id],
        shown =>
          shown.map(({ command, sha, exitCode, output, passed, failed, onMain, ms, at }) => ({
            command,
            sha,
            exitCode,
            output,
            ...(passed !== null && { passed }),
            ...(failed !== null && { failed }),
            onMain,
            merged: !onMain && merges.has(sha),
            ms,
            at: at.toISOString(),
          })),
      )
    },

    async getCheckpoints({ identity, params, query: { limit, cursor } }) {
      const { id: taskId } = await scope.task(identity, params.id)
      const [attempt = -1, iteration = -1] = decodeCursor(cursor, CheckpointKey) ?? []
      const rows = await prisma.checkpoint.findMany({
        where: { taskId, OR: [{ attempt: { gt: attempt } }, { attempt, iteration: { gt: iteration } }] },
        orderBy: [{ attempt: 'asc' }, { iteration: 'asc' }],
        take: limit + 1,
      })
      return paged(
        rows,
        limit,
        row => [row.attempt, row.iteration],
        shown =>
          shown.map(({ sha, attempt, iteration, createdAt }) => ({ sha, attempt, iteration, at: time(createdAt) })),
      )
    },
  }
}

/** From the task's base to its last checkpoint; both the base where it has none yet. */
function rangeOf(task: Task): { base: string; head: string } {
  const { baseSha, headSha } = task
  if (baseSha) return { base: baseSha, head: headSha ?? baseSha }
  throw new Refused(
    'illegal_state',
    `Task ${nameOf(task)} is ${task.state} and has not started: it has changed nothing.`,
  )
}

const time = (date: Date): string => date.toISOString()
