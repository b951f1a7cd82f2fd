import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { runTask } from '../../../../services/worker/run/run-task.ts'
import { defaultSandboxLimits } from '../../../../services/worker/sandbox/create-options.ts'
import type { Sandbox } from '../../../../services/worker/sandbox/sandbox.ts'
import type { SandboxIdentity } from '../../../../services/worker/sandbox/types.ts'
import { draft } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { file } from '../../../support/runbook.ts'
import { testStage } from '../../../support/servers.ts'
import { startWorkshop } from '../../../support/workshop.ts'

/** A task whose first run leaves its containers behind and whose second does the work, in a sandbox with these changes. */
async function takenOver(leftBy: (taskId: string) => SandboxIdentity[], changes: Partial<Sandbox> = {}) {
  const stage = testStage()
  const workshop = await startWorkshop({}, stage)
  const { store, sandbox, db, runDeps } = workshop
  stage.onEnd(async () => {
    for (const { id } of await sandbox.list()) await sandbox.remove(id)
  })
  const never = new AbortController().signal
  /** What is there when the second run starts its container. */
  const seen: SandboxIdentity[] = []
  const watched: Sandbox = {
    ...sandbox,
    async start(spec, signal) {
      for (const { taskId, epoch, worker, line } of await sandbox.list()) {
        seen.push({ taskId, epoch, worker, ...(line && { line }) })
      }
      return sandbox.start(spec, signal)
    },
    ...changes,
  }
  await workshop.startWorker(async (claim, signal) => {
    if (claim.epoch > 1n) return runTask({ ...runDeps, sandbox: watched }, claim, signal)
    for (const identity of leftBy(claim.taskId)) {
      await sandbox.start({ ...identity, limits: defaultSandboxLimits() }, never)
    }
    await store.giveBack(claim)
  })
  const project = await workshop.repository({ 'README.md': '# Test\n' })
  const [id] = (await store.createDrafts(project.id, [draft('a', [], { plan: file('a.txt', 'a') })])) as [string]
  await store.accept(project.id)
  const task = await eventually(
    async () => {
      const row = await db.prisma.task.findUniqueOrThrow({ where: { id } })
      expect(row.state).toBe('ready')
      return row
    },
    { timeoutMs: 60_000 },
  )
  return { id, task, seen }
}

test('a run that takes over removes the containers of earlier runs before it starts its own, and no others', async () => {
  const other = randomUUID()
  const kept = (id: string): SandboxIdentity[] => [
    { taskId: id, epoch: 1, worker: 'applies', line: true },
    { taskId: id, epoch: 3, worker: 'newer' },
    { taskId: other, epoch: 1, worker: 'other' },
  ]
  const { id, seen } = await takenOver(taskId => [{ taskId, epoch: 1, worker: 'lost' }, ...kept(taskId)])
  const byWorker = (a: SandboxIdentity, b: SandboxIdentity) => a.worker.localeCompare(b.worker)
  expect(seen.sort(byWorker)).toEqual(kept(id).sort(byWorker))
})

test('a container of an earlier run that cannot be removed does not keep the task from being done', async () => {
  const { task, seen, id } = await takenOver(taskId => [{ taskId, epoch: 1, worker: 'lost' }], {
    removeOlder: async () => {
      throw new Error('the engine does not answer')
    },
  })
  expect(task).toMatchObject({ state: 'ready', brokenRuns: 0, epoch: 2n })
  expect(seen).toEqual([{ taskId: id, epoch: 1, worker: 'lost' }])
})
