import { notFound } from '../../../shared/runtime/refused.ts'
import type { Handlers } from '../answer.ts'
import { decodeCursor, IdKey, paged } from '../paging.ts'
import { presentMessage, presentThreads, withTask } from '../present/thread.ts'
import type { ResourceDeps } from '../resource-deps.ts'

type Messages = 'listMessages' | 'postMessage' | 'editMessage' | 'deleteMessage'
type Names = 'listThreads' | 'createThread' | 'getThread' | 'stopThread' | Messages

export function threadHandlers({ db, store, scope }: ResourceDeps): Handlers<Names> {
  const { prisma } = db
  const present = async (id: string) => {
    const row = await prisma.thread.findUnique({ where: { id }, include: withTask })
    if (!row) throw notFound('thread')
    const [thread] = await presentThreads(db, [row])
    return thread!
  }

  const message = async (id: string) => {
    const row = await prisma.message.findUnique({ where: { id } })
    if (!row) throw notFound('message')
    return presentMessage(row)
  }

  return {
    async listThreads({ identity, params, query: { limit, cursor } }) {
      const { id: projectId } = await scope.project(identity, params.id)
      const [before] = decodeCursor(cursor, IdKey) ?? []
      const rows = await prisma.thread.findMany({
        where: { projectId, ...(before && { id: { lt: before } }) },
        orderBy: { id: 'desc' },
        take: limit + 1,
        include: withTask,
      })
      const items = await presentThreads(db, rows.slice(0, limit))
      return paged(
        rows,
        limit,
        row => [row.id],
        () => items,
      )
    },

    async createThread({ identity, params, body }) {
      const { id } = await scope.project(identity, params.id)
      return present(await store.createThread(id, 'chat', body.title))
    },

    async getThread({ identity, params }) {
      return present((await scope.thread(identity, params.id)).id)
    },

    async listMessages({ identity, params, query: { after, cursor, limit } }) {
      const { id: threadId } = await scope.thread(identity, params.id)
      const rows = await prisma.message.findMany({
        where: { threadId, seq: { gt: cursor ?? after } },
        orderBy: { seq: 'asc' },
        take: limit + 1,
      })
      const items = rows.slice(0, limit).map(presentMessage)
      return { items, nextCursor: rows.length > limit ? String(items.at(-1)!.seq) : null }
    },

    async postMessage({ identity, params, body }) {
      const { id } = await scope.thread(identity, params.id)
      return message(await store.postMessage(id, body.text, body.mode))
    },

    async editMessage({ identity, params, body }) {
      const { id } = await scope.thread(identity, params.id)
      await store.editMessage(id, params.messageId, body.text)
      return message(params.messageId)
    },

    async deleteMessage({ identity, params }) {
      const { id } = await scope.thread(identity, params.id)
      await store.deleteMessage(id, params.messageId)
      return undefined
    },

    async stopThread({ identity, params }) {
      const { id } = await scope.thread(identity, params.id)
      await store.stopThread(id)
      return present(id)
    },
  }
}
