import { type History, movesOf } from '../history.ts'
import type { Rule } from './rule.ts'

/**
 * The most tasks that were active at once, by the key that `group` gives for their project. Across projects the order is that
 * of Postgres time: all moves that take or free a slot are made under one lock.
 */
export function peaks(history: History, group: (projectId: string) => string): Map<string, number> {
  const active = new Map<string, Set<string>>()
  const most = new Map<string, number>()
  const moves = movesOf(history).sort((a, b) => a.at - b.at || a.seq - b.seq)
  for (const { projectId, taskId, to } of moves) {
    const key = group(projectId)
    const own = active.get(key) ?? new Set()
    active.set(key, own)
    if (to === 'active') own.add(taskId)
    else own.delete(taskId)
    most.set(key, Math.max(most.get(key) ?? 0, own.size))
  }
  return most
}

/** Never more tasks at once than an organization's plan and a project's setting allow. */
export const limitsHold: Rule = history => {
  const organizationOf = new Map(history.projects.map(project => [project.id, project.organizationId]))
  const byOrganization = peaks(history, id => organizationOf.get(id) ?? id)
  const byProject = peaks(history, id => id)
  return [
    ...history.organizations.flatMap(({ id, limit }) =>
      (byOrganization.get(id) ?? 0) > limit
        ? [`organization ${id}: ${byOrganization.get(id)} active at once, its plan allows ${limit}`]
        : [],
    ),
    ...history.projects.flatMap(({ id, maxParallel }) =>
      maxParallel !== null && (byProject.get(id) ?? 0) > maxParallel
        ? [`project ${id}: ${byProject.get(id)} active at once, it allows ${maxParallel}`]
        : [],
    ),
  ]
}
