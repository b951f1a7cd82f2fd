import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { beforeAll, expect } from 'vitest'
import type { Task } from '../../../../prisma/generated/client.ts'
import type { ModelConfig } from '../../../../services/worker/models/model-name.ts'
import type { McpDeps } from '../../../../services/worker/tools/mcp/server.ts'
import type { ProjectSettings } from '../../../../shared/contract/project.ts'
import type { TaskDraft } from '../../../../shared/contract/task.ts'
import type { TaskState } from '../../../../shared/domain/task-state.ts'
import type { Project } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { fileStage } from '../../../support/file-stage.ts'
import type { Stage } from '../../../support/servers.ts'
import { type Files, makeRepository } from '../../../support/work-tree.ts'
import { startWorkshop, type Workshop } from '../../../support/workshop.ts'

/** A worker at work, for all tests of a file; each makes a project, and with it an organization, of its own. */
export interface Shop extends Workshop {
  /** A project on these files with one accepted task for each draft; gives their ids. */
  accepted(
    drafts: readonly TaskDraft[],
    options?: { settings?: Partial<ProjectSettings>; files?: Files },
  ): Promise<{ project: Project; ids: string[] }>
  row(id: string): Promise<Task>
  /** Waits for the task to be in this state. */
  until(id: string, state: TaskState): Promise<Task>
  say(id: string, text: string): Promise<void>
  /** What stands in the task's thread, in the order of its telling. */
  thread(id: string): Promise<{ role: string; text: string }[]>
  /** The head of the project's main branch. */
  main(projectId: string): Promise<string>
  /** What a person's push to main or another branch comes to: a commit with these files on it. */
  push(projectId: string, files: Files, branch?: string): Promise<void>
  /** Names of the files that a commit adds to or changes in another, with a sign in front. */
  changed(projectId: string, base: string, head: string): Promise<string[]>
}

/** Call at the top of a file. */
export function openShop(models?: (stage: Stage) => Promise<ModelConfig>, mcp?: McpDeps): () => Shop {
  const stage = fileStage()
  let shop: Shop
  beforeAll(async () => {
    const workshop = await startWorkshop(await models?.(stage), stage, mcp)
    await workshop.startWorker(workshop.execute)
    await workshop.startApplies()
    shop = withHelp(workshop, stage)
  })
  return () => shop
}

function withHelp(workshop: Workshop, stage: Stage): Shop {
  const { store, git, db } = workshop
  const row = (id: string) => db.prisma.task.findUniqueOrThrow({ where: { id } })
  const main = async (projectId: string) => (await git.resolve(projectId, 'refs/heads/main')) ?? ''
  return {
    ...workshop,
    row,
    main,
    async accepted(drafts, { settings = {}, files = { 'README.md': '# Test\n' } } = {}) {
      const project = await workshop.repository(files, { settings })
      const ids = await store.createDrafts(project.id, drafts)
      await store.accept(project.id)
      return { project, ids }
    },
    until: (id, state) =>
      eventually(
        async () => {
          const task = await row(id)
          expect({ state: task.state, failure: task.failureText }).toMatchObject({ state })
          return task
        },
        { timeoutMs: 120_000 },
      ),
    async say(id, text) {
      await store.postMessage((await row(id)).threadId, text)
    },
    async thread(id) {
      const { threadId } = await row(id)
      return db.prisma.message.findMany({
        where: { threadId },
        orderBy: { seq: 'asc' },
        select: { role: true, text: true },
      })
    },
    async push(projectId, files, branch = 'main') {
      const ref = `refs/heads/${branch}`
      const from = (await git.resolve(projectId, ref)) ?? ''
      const tree = await makeRepository(stage.onEnd)
      const bundle = join(tree.path, '.git', 'exchanged.bundle')
      await pipeline(await git.bundle(projectId, { want: from, have: [] }), createWriteStream(bundle))
      await tree.git('fetch', '--quiet', bundle, 'refs/slipway/tip')
      await tree.git('reset', '--quiet', '--hard', 'FETCH_HEAD')
      const to = await tree.commit(files, `Push ${Object.keys(files).join(', ')}`)
      await tree.git('bundle', 'create', '--quiet', bundle, 'main', `^${from}`)
      const checkpoint = { taskId: randomUUID(), epoch: 0, parent: from, head: to }
      await git.receive(projectId, checkpoint, createReadStream(bundle))
      if (!(await git.moveRef(projectId, { ref, from, to }))) throw new Error(`${branch} has moved`)
      if (branch === 'main') await store.headMoved(projectId, to)
      else await store.branchPushed(projectId, branch, to)
    },
    async changed(projectId, base, head) {
      const { files } = await git.diff(projectId, { base, head })
      const signs = { added: '+', modified: '~', deleted: '-', renamed: '>' }
      return files.map(({ status, path }) => `${signs[status]}${path}`)
    },
  }
}
