import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ApiDeps } from './deps.ts'
import { forgetAnswers } from './idempotency.ts'

const HOUR_MS = 60 * 60_000
/** A younger repository may be one that another process has just made, before its project's rows. */
const ORPHAN_MS = 2 * HOUR_MS
const REPOSITORY = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.git$/

type Deps = Pick<ApiDeps, 'db' | 'git' | 'log' | 'repositories' | 'store'>

/** What the API tidies up: at its start what crashes left, then every hour what has become too old. */
export function createHousekeeping(deps: Deps): { start(): Promise<void>; stop(): Promise<void> } {
  const { db, git, log } = deps
  let timer: NodeJS.Timeout | undefined
  let running = Promise.resolve()

  const attempt = (what: string, work: () => Promise<unknown>) =>
    work().catch((error: unknown) => log.warn({ err: error, what }, 'housekeeping.failed'))

  const hourly = async () => {
    await attempt('idempotency keys', () => forgetAnswers(db))
    await attempt('tokens', () => db.prisma.token.deleteMany({ where: { expiresAt: { lt: new Date() } } }))
  }

  return {
    async start() {
      await git.sweep()
      running = (async () => {
        await attempt('repositories', () => removeOrphans(deps))
        await attempt('heads', () => followHeads(deps))
        await hourly()
      })()
      timer = setInterval(() => {
        running = hourly()
      }, HOUR_MS)
      timer.unref()
    },
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

/** Removes repositories whose project was never stored, or was deleted. */
async function removeOrphans({ db, git, log, repositories }: Deps): Promise<void> {
  const ids = (await readdir(repositories)).flatMap(name => REPOSITORY.exec(name)?.[1] ?? [])
  const rows = await db.prisma.project.findMany({ where: { id: { in: ids } }, select: { id: true } })
  const known = new Set(rows.map(row => row.id))
  for (const id of ids.filter(each => !known.has(each))) {
    const { mtimeMs } = await stat(join(repositories, `${id}.git`))
    if (Date.now() - mtimeMs < ORPHAN_MS) continue
    await git.remove(id)
    log.info({ projectId: id }, 'project.orphan_removed')
  }
}

/** A push that was stored just before a crash moved main, or the branch of a ready task, without anybody hearing of it. */
async function followHeads({ db, git, store }: Deps): Promise<void> {
  const projects = await db.prisma.project.findMany({ select: { id: true, defaultBranch: true, headSha: true } })
  for (const { id, defaultBranch, headSha } of projects) {
    const head = await git.resolve(id, `refs/heads/${defaultBranch}`).catch(() => null)
    if (head && head !== headSha) await store.headMoved(id, head)
  }
  // Of a failed task the branch may show less than its last checkpoint, without a push.
  const ready = await db.prisma.task.findMany({
    where: { state: 'ready', kind: 'board', branch: { not: null } },
    select: { projectId: true, branch: true, headSha: true },
  })
  for (const { projectId, branch, headSha: before } of ready) {
    const headSha = await git.resolve(projectId, `refs/heads/${branch}`).catch(() => null)
    if (headSha && headSha !== before) await store.branchFound(projectId, { branch: branch!, before, headSha })
  }
}
