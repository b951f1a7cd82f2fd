import type { RequestHandler } from 'express'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { TASK_STATES } from '../../shared/domain/task-state.ts'
import type { Database } from '../../shared/runtime/db.ts'
import { orElse } from './probe.ts'

export interface Metrics {
  /** Times every request. */
  observe: RequestHandler
  /** Answers a scrape. */
  scrape: RequestHandler
}

/** The process, its requests, and what the database holds at the moment of the scrape, for Prometheus. */
export function createMetrics({ db: { prisma } }: { db: Database }): Metrics {
  const register = new Registry()
  collectDefaultMetrics({ register })

  const requests = new Histogram({
    name: 'slipway_http_request_duration_seconds',
    help: 'Time to answer a request, by route and status',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [register],
  })
  new Gauge({
    name: 'slipway_tasks',
    help: 'Tasks by state',
    labelNames: ['state'] as const,
    registers: [register],
    async collect() {
      const rows = await orElse(null, readStates)
      this.reset()
      if (!rows) return
      const counts = new Map(rows.map(row => [row.state, row._count]))
      for (const state of TASK_STATES) this.set({ state }, counts.get(state) ?? 0)
    },
  })
  count('slipway_outbox_rows', 'Changes that Redis has yet to be told', () => prisma.outbox.count())
  count('slipway_fenced_writes', 'Late writes of lost claims that were refused', () => prisma.fencedWrite.count())

  return {
    observe: (request, response, next) => {
      const end = requests.startTimer({ method: request.method })
      response.once('close', () => {
        end({ route: response.locals.route ?? 'other', status: response.statusCode })
      })
      next()
    },
    scrape: async (_request, response) => {
      response.type(register.contentType).send(await register.metrics())
    },
  }

  async function readStates(): Promise<{ state: string; _count: number }[] | null> {
    const rows = await prisma.task.groupBy({ by: ['state'], where: { kind: { not: 'turn' } }, _count: true })
    return rows
  }

  function count(name: string, help: string, read: () => Promise<number>): void {
    new Gauge({
      name,
      help,
      registers: [register],
      async collect() {
        this.set(await orElse(Number.NaN, read))
      },
    })
  }
}
