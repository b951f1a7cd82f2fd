import type { ProjectSettings } from '../../../shared/contract/project.ts'
import type { Prisma } from '../../../shared/runtime/db.ts'
import { notFound, Refused } from '../../../shared/runtime/refused.ts'
import { isRaise, wakeForBudget } from '../../../shared/runtime/task-store/budget.ts'
import { change } from '../../../shared/runtime/task-store/change.ts'
import { lockOrganization } from '../../../shared/runtime/task-store/lock.ts'
import { nameOf } from '../../../shared/runtime/task-store/move.ts'
import { discardJobsOf, fillSlots } from '../../../shared/runtime/task-store/queue.ts'
import type { Handlers } from '../answer.ts'
import { withKeptSecrets } from '../mcp-secrets.ts'
import { requireModels } from '../models.ts'
import { decodeCursor, IdKey, paged } from '../paging.ts'
import { presentProjects } from '../present/project.ts'
import { createProject } from '../project-create.ts'
import type { ResourceDeps } from '../resource-deps.ts'

type Names = 'createProject' | 'listProjects' | 'getProject' | 'updateProject' | 'deleteProject'

export function projectHandlers(deps: ResourceDeps): Handlers<Names> {
  const { db, git, log, scope } = deps
  const present = async (id: string) => {
    const [project] = await presentProjects(deps, await db.prisma.project.findMany({ where: { id } }))
    if (!project) throw notFound('project')
    return project
  }

  return {
    createProject: async ({ identity, body }) => present(await createProject(deps, identity, body)),

    async listProjects({ identity: { organizationId }, query: { limit, cursor } }) {
      const [before] = decodeCursor(cursor, IdKey) ?? []
      const rows = await db.prisma.project.findMany({
        where: { organizationId, ...(before && { id: { lt: before } }) },
        orderBy: { id: 'desc' },
        take: limit + 1,
      })
      const items = await presentProjects(deps, rows.slice(0, limit))
      return paged(
        rows,
        limit,
        row => [row.id],
        () => items,
      )
    },

    async getProject({ identity, params }) {
      return present((await scope.project(identity, params.id)).id)
    },

    async updateProject({ identity, params, body }) {
      const { id } = await scope.project(identity, params.id)
      requireModels(deps.models, body.settings ?? {}, 'settings.')
      await change(deps, async unit => {
        // More tasks at once, or more money, may be allowed from now on, so this takes the same lock as whoever counts them.
        const organization = await lockOrganization(unit.sql, identity.organizationId)
        const project = await unit.sql.project.findUnique({ where: { id } })
        if (!project) throw notFound('project')
        const old = project.settings as ProjectSettings
        const settings = { ...old, ...body.settings } satisfies ProjectSettings
        if (body.settings?.mcpServers) {
          settings.mcpServers = withKeptSecrets(body.settings.mcpServers, old.mcpServers ?? {})
        }
        const from = (project.settings as ProjectSettings).budgetUsd
        if (isRaise(from, settings.budgetUsd)) await wakeForBudget(unit, 'project', id)
        await unit.sql.project.update({
          where: { id },
          data: { settings: settings as Prisma.InputJsonObject, ...(body.name !== undefined && { name: body.name }) },
        })
        unit.event({
          projectId: id,
          type: 'project.updated',
          payload: { fields: [...(body.name === undefined ? [] : ['name']), ...Object.keys(body.settings ?? {})] },
        })
        if (body.settings?.maxParallel !== undefined) await fillSlots(unit, organization)
      })
      return present(id)
    },

    async deleteProject({ identity, params }) {
      const { id } = await scope.project(identity, params.id)
      await change(deps, async unit => {
        const { sql } = unit
        await lockOrganization(sql, identity.organizationId)
        const running = await sql.task.findMany({
          where: { projectId: id, state: { in: ['active', 'applying'] } },
          orderBy: { number: 'asc' },
          include: { thread: { select: { title: true } } },
        })
        if (running.length > 0) {
          const names = running.map(({ thread, ...task }) =>
            task.kind === 'turn'
              ? `the agent in the thread “${thread.title}” (${task.state})`
              : `${nameOf(task)} (${task.state})`,
          )
          throw new Refused(
            'illegal_state',
            `The project is being worked on: ${names.join(', ')}. Cancel the tasks, and stop the threads, first.`,
          )
        }
        await discardJobsOf(unit, id)
        await sql.project.deleteMany({ where: { id } })
      })
      // The project is gone; what a failure leaves on disk is removed when the API starts.
      await git.remove(id).catch(error => log.warn({ err: error, projectId: id }, 'project.repository_left'))
      return undefined
    },
  }
}
