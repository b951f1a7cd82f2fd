import { branchName, taskNumberOf } from '../../shared/domain/slug.ts'
import type { TaskState } from '../../shared/domain/task-state.ts'
import { judgePush } from '../../shared/runtime/git-store/push-rules.ts'
import type { RefUpdate, Verdict } from '../../shared/runtime/git-store/types.ts'
import type { ApiDeps } from './deps.ts'
import type { GitAccess } from './git/http-routes.ts'

const HEADS = 'refs/heads/'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Who may clone and push what, and what follows from a push. */
export interface GitPolicy {
  authorize(credentials: { token: string }, slug: string): Promise<GitAccess>
  mayPush(projectId: string, updates: RefUpdate[]): Promise<Verdict>
  onPushed(projectId: string, updates: RefUpdate[]): Promise<void>
  authorizeWorker(token: string): Promise<boolean>
  isCurrentEpoch(taskId: string, epoch: number): Promise<boolean>
  isCurrentLine(projectId: string, epoch: number): Promise<boolean>
}

export function createGitPolicy({
  db: { prisma },
  tokens,
  store,
}: Pick<ApiDeps, 'db' | 'tokens' | 'store'>): GitPolicy {
  return {
    async authorize({ token }, slug) {
      const identity = await tokens.authenticate(token, 'api')
      if (!identity) return 'unauthorized'
      const { organizationId } = identity
      const project = await prisma.project.findFirst({ where: { slug, organizationId }, select: { id: true } })
      return project ? { projectId: project.id, canPush: true } : 'not_found'
    },

    async mayPush(projectId, updates) {
      const project = await prisma.project.findUnique({ where: { id: projectId }, select: { defaultBranch: true } })
      if (!project) return { ok: false, reason: 'the project was deleted' }
      const numbers = updates.flatMap(({ ref }) => taskNumberOf(ref.slice(HEADS.length)) ?? [])
      const tasks = await prisma.task.findMany({
        where: { projectId, number: { in: numbers } },
        select: { number: true, title: true, state: true },
      })
      const taskStates = new Map(
        tasks.map(({ number, title, state }) => [`${HEADS}${branchName(number!, title)}`, state as TaskState]),
      )
      return judgePush(updates, { ...project, taskStates })
    },

    async onPushed(projectId, updates) {
      const project = await prisma.project.findUnique({ where: { id: projectId }, select: { defaultBranch: true } })
      for (const { ref, next } of updates) {
        if (next === null || !ref.startsWith(HEADS)) continue
        const branch = ref.slice(HEADS.length)
        if (branch === project?.defaultBranch) await store.headMoved(projectId, next)
        else await store.branchPushed(projectId, branch, next)
      }
    },

    authorizeWorker: async token => (await tokens.authenticate(token, 'worker')) !== null,

    async isCurrentEpoch(taskId, epoch) {
      if (!UUID.test(taskId)) return false
      const held = { id: taskId, epoch: BigInt(epoch), state: 'active' }
      return (await prisma.task.count({ where: held })) > 0
    },

    async isCurrentLine(projectId, epoch) {
      if (!UUID.test(projectId)) return false
      const held = { id: projectId, applyEpoch: BigInt(epoch), applyLeaseUntil: { not: null } }
      return (await prisma.project.count({ where: held })) > 0
    },
  }
}
