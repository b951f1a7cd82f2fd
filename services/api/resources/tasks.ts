import type { TaskDraft } from '../../../shared/contract/task.ts'
import { columnOf, TASK_STATES } from '../../../shared/domain/task-state.ts'
import type { Prisma } from '../../../shared/runtime/db.ts'
import { notFound } from '../../../shared/runtime/refused.ts'
import type { TaskCommands } from '../../../shared/runtime/task-store/types.ts'
import type { Handler, Handlers } from '../answer.ts'
import type { KnownModels } from '../deps.ts'
import { requireModels } from '../models.ts'
import { decodeCursor, IdKey, NumberKey, paged } from '../paging.ts'
import { presentPlans } from '../present/plan.ts'
import { presentTasks, presentTasksById } from '../present/task.ts'
import { presentMessage } from '../present/thread.ts'
import type { ResourceDeps } from '../resource-deps.ts'

type Moves = 'acceptTask' | 'dismissTask' | 'cancelTask' | 'retryTask'
type Drafts = 'createTasks' | 'acceptTasks' | 'reviseTasks' | 'updateTask' | 'getPlans'
type Names = 'listTasks' | 'getTask' | 'applyTask' | Drafts | Moves

export function taskHandlers(deps: ResourceDeps): Handlers<Names> {
  const { db, store, scope } = deps
  const present = async (id: string) => {
    const [task] = await presentTasksById(db, [id])
    if (!task) throw notFound('task')
    return task
  }
  const move =
    (command: (store: TaskCommands, task: { id: string; projectId: string }) => Promise<unknown>): Handler<Moves> =>
    async ({ identity, params }) => {
      const task = await scope.task(identity, params.id)
      await command(store, task)
      return present(task.id)
    }

  return {
    async createTasks({ identity, params, body: { tasks } }) {
      const { id } = await scope.project(identity, params.id)
      requireDraftModels(deps.models, tasks)
      return { items: await presentTasksById(db, await store.createDrafts(id, tasks)) }
    },

    async listTasks({ identity, params, query }) {
      const { id: projectId } = await scope.project(identity, params.id)
      // Tasks of a pipeline have no numbers.
      const [afterId] = (query.pipelineId && decodeCursor(query.cursor, IdKey)) || []
      const [after] = (!query.pipelineId && decodeCursor(query.cursor, NumberKey)) || []
      const rows = await db.prisma.task.findMany({
        where: {
          AND: [
            query.pipelineId ? { projectId, pipelineId: query.pipelineId } : { projectId, kind: 'board' },
            query.state ? { state: query.state } : {},
            query.column ? { state: { in: TASK_STATES.filter(state => columnOf(state) === query.column) } } : {},
            after === undefined ? {} : { number: { gt: after } },
            afterId === undefined ? {} : { id: { gt: afterId } },
          ] satisfies Prisma.TaskWhereInput[],
        },
        orderBy: query.pipelineId ? { id: 'asc' } : { number: 'asc' },
        take: query.limit + 1,
      })
      const items = await presentTasks(db, rows.slice(0, query.limit))
      return paged(
        rows,
        query.limit,
        row => [row.number ?? row.id],
        () => items,
      )
    },

    async acceptTasks({ identity, params, body }) {
      const { id } = await scope.project(identity, params.id)
      return { items: await presentTasksById(db, await store.accept(id, body.taskIds)) }
    },

    async reviseTasks({ identity, params, body }) {
      const { id } = await scope.project(identity, params.id)
      const messageId = await store.revise(id, body)
      return presentMessage(await db.prisma.message.findUniqueOrThrow({ where: { id: messageId } }))
    },

    async getTask({ identity, params }) {
      const [task] = await presentTasks(db, [await scope.task(identity, params.id)])
      return task!
    },

    async updateTask({ identity, params, body }) {
      const { id } = await scope.task(identity, params.id)
      requireModels(deps.models, body, '')
      await store.update(id, body)
      return present(id)
    },

    async getPlans({ identity, params }) {
      const { id } = await scope.task(identity, params.id)
      return { items: await presentPlans(db, id) }
    },

    acceptTask: move((commands, task) => commands.accept(task.projectId, [task.id])),
    dismissTask: move((commands, task) => commands.dismiss(task.id)),
    cancelTask: move((commands, task) => commands.cancel(task.id)),
    retryTask: move((commands, task) => commands.retry(task.id)),

    async applyTask({ identity, params }) {
      const { id } = await scope.task(identity, params.id)
      return { items: await presentTasksById(db, await store.requestApply(id)) }
    },
  }
}

function requireDraftModels(models: KnownModels, drafts: readonly TaskDraft[]): void {
  for (const [index, draft] of drafts.entries()) requireModels(models, draft, `tasks.${index}.`)
}
