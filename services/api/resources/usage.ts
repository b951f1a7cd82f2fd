import type { ProjectUsage, UsageKey } from '../../../shared/contract/usage.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { Prisma } from '../../../shared/runtime/db.ts'
import type { Handlers } from '../answer.ts'
import type { ResourceDeps } from '../resource-deps.ts'

interface Line {
  key: string
  label: string
  calls: number
  inputTokens: number
  outputTokens: number
  costUsd: number
}

/** What a line stands for. A sub-agent's replies count for the task that started it, a turn's for its thread. */
const KEYS: Record<UsageKey, { key: Prisma.Sql; label: Prisma.Sql; only: Prisma.Sql; order: Prisma.Sql }> = {
  day: {
    key: Prisma.sql`to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD')`,
    label: Prisma.sql`to_char(min(c.at AT TIME ZONE 'UTC'), 'YYYY-MM-DD')`,
    only: Prisma.sql`true`,
    order: Prisma.sql`key DESC`,
  },
  task: {
    key: Prisma.sql`CASE root.kind WHEN 'turn' THEN root.thread_id ELSE root.id END::text`,
    label: Prisma.sql`min(CASE root.kind WHEN 'turn' THEN thread.title ELSE '#' || root.number || ' ' || root.title END)`,
    only: Prisma.sql`true`,
    order: Prisma.sql`"costUsd" DESC, key`,
  },
  pipeline: {
    key: Prisma.sql`c.pipeline_id::text`,
    label: Prisma.sql`min(root.title)`,
    only: Prisma.sql`c.pipeline_id IS NOT NULL`,
    order: Prisma.sql`"costUsd" DESC, key`,
  },
  model: {
    key: Prisma.sql`c.model`,
    label: Prisma.sql`c.model`,
    only: Prisma.sql`true`,
    order: Prisma.sql`"costUsd" DESC, key`,
  },
}

export function usageHandlers({ db: { prisma }, scope }: ResourceDeps): Handlers<'projectUsage'> {
  return {
    async projectUsage({ identity, params, query: { by, from, to } }): Promise<ProjectUsage> {
      const { id } = await scope.project(identity, params.id)
      const { key, label, only, order } = KEYS[by]
      const rows = await prisma.$queryRaw<(Line & { total: Omit<Line, 'key' | 'label'> })[]>`
        WITH lines AS (
          SELECT ${key} AS key, ${label} AS label, count(*)::int AS calls,
            sum(c.input_tokens)::float8 AS "inputTokens", sum(c.output_tokens)::float8 AS "outputTokens",
            sum(c.cost_usd) AS "costUsd"
          FROM model_calls c JOIN tasks t ON t.id = c.task_id
            JOIN tasks root ON root.id = coalesce(t.parent_task_id, t.id) JOIN threads thread ON thread.id = root.thread_id
          WHERE c.project_id = ${id}::uuid AND ${only}
            AND (${from ?? null}::date IS NULL OR c.at >= ${from ?? null}::date::timestamp AT TIME ZONE 'UTC')
            AND (${to ?? null}::date IS NULL OR c.at < (${to ?? null}::date + 1)::timestamp AT TIME ZONE 'UTC')
          GROUP BY 1
        )
        SELECT key, label, calls, "inputTokens", "outputTokens", "costUsd"::float8,
          (SELECT jsonb_build_object('calls', sum(calls), 'inputTokens', sum("inputTokens"),
            'outputTokens', sum("outputTokens"), 'costUsd', sum("costUsd")) FROM lines) AS total
        FROM lines ORDER BY ${order} LIMIT ${LIMITS.money.usageLines}`
      const none = { calls: 0, inputTokens: 0, outputTokens: 0, costUsd: 0 }
      return { items: rows.map(({ total: _, ...line }) => line), total: rows[0]?.total ?? none }
    },
  }
}
