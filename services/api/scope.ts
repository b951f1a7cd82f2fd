import type { Database, Pipeline, Project, Task, Thread } from '../../shared/runtime/db.ts'
import { notFound } from '../../shared/runtime/refused.ts'
import type { Identity } from '../../shared/runtime/tokens.ts'

/**
 * Finds things for somebody, within their organization: another organization's are not there.
 * Each throws Refused `not_found`.
 */
export interface Scope {
  project(identity: Identity, id: string): Promise<Project>
  task(identity: Identity, id: string): Promise<Task>
  thread(identity: Identity, id: string): Promise<Thread>
  pipeline(identity: Identity, id: string): Promise<Pipeline>
}

export function createScope({ db: { prisma } }: { db: Database }): Scope {
  return {
    async project({ organizationId }, id) {
      return (await prisma.project.findFirst({ where: { id, organizationId } })) ?? missing('project')
    },
    async task({ organizationId }, id) {
      return (await prisma.task.findFirst({ where: { id, organizationId, kind: { not: 'turn' } } })) ?? missing('task')
    },
    async thread({ organizationId }, id) {
      return (await prisma.thread.findFirst({ where: { id, project: { organizationId } } })) ?? missing('thread')
    },
    async pipeline({ organizationId }, id) {
      return (await prisma.pipeline.findFirst({ where: { id, task: { organizationId } } })) ?? missing('pipeline')
    },
  }
}

function missing(what: string): never {
  throw notFound(what)
}
