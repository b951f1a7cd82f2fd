import { type Handlers, TextAnswer } from '../answer.ts'
import { decodeCursor, IdKey, paged } from '../paging.ts'
import { presentPipelines, viewOf } from '../present/pipeline.ts'
import type { ResourceDeps } from '../resource-deps.ts'

export function pipelineHandlers({ db, scope }: ResourceDeps): Handlers<'listPipelines' | 'getPipeline'> {
  return {
    async listPipelines({ identity, params, query: { limit, cursor } }) {
      const { id: taskId } = await scope.task(identity, params.id)
      const [after] = decodeCursor(cursor, IdKey) ?? []
      const rows = await db.prisma.pipeline.findMany({
        where: { taskId, ...(after && { id: { gt: after } }) },
        orderBy: { id: 'asc' },
        take: limit + 1,
      })
      const items = await presentPipelines(db, rows.slice(0, limit))
      return paged(
        rows,
        limit,
        row => [row.id],
        () => items,
      )
    },

    async getPipeline({ identity, params, query, prefersText }) {
      const [pipeline] = await presentPipelines(db, [await scope.pipeline(identity, params.id)])
      if (!prefersText) return pipeline!
      const picture = viewOf(pipeline!.tasks, { ascii: query.ascii === '1', ...(query.view && { view: query.view }) })
      return new TextAnswer('text/plain; charset=utf-8', `${picture}\n`)
    },
  }
}
