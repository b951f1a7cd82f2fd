import type { PageQuery } from '../../../shared/contract/common.ts'
import { notFound } from '../../../shared/runtime/refused.ts'
import { type Handlers, TextAnswer } from '../answer.ts'
import { decodeCursor, IdKey, paged } from '../paging.ts'
import { presentPipelines, viewOf } from '../present/pipeline.ts'
import type { ResourceDeps } from '../resource-deps.ts'

type Names = 'listPipelines' | 'listThreadPipelines' | 'getPipeline'

export function pipelineHandlers({ db, scope }: ResourceDeps): Handlers<Names> {
  /** The pipelines of one task or turn, oldest first. */
  const listOf = async (task: { id: string } | { threadId: string }, { limit, cursor }: PageQuery) => {
    const [after] = decodeCursor(cursor, IdKey) ?? []
    const rows = await db.prisma.pipeline.findMany({
      where: { task, ...(after && { id: { gt: after } }) },
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
  }

  return {
    async listPipelines({ identity, params, query }) {
      const { id } = await scope.task(identity, params.id)
      return listOf({ id }, query)
    },

    async listThreadPipelines({ identity, params, query }) {
      const { id: threadId } = await scope.thread(identity, params.id)
      return listOf({ threadId }, query)
    },

    async getPipeline({ identity, params, query, prefersText }) {
      const [pipeline] = await presentPipelines(db, [await scope.pipeline(identity, params.id)])
      if (!pipeline) throw notFound('pipeline')
      const view = viewOf(pipeline.tasks, { ascii: query.ascii === '1', ...(query.view && { view: query.view }) })
      if (!prefersText) return { ...pipeline, view }
      return new TextAnswer('text/plain; charset=utf-8', `${view}\n`)
    },
  }
}
