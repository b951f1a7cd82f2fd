import { expect, test } from 'vitest'
import { type ApplyWorkerDeps, createApplyWorker } from '../../../../services/worker/apply/apply-worker.ts'
import { createMainCheck } from '../../../../services/worker/apply/main-check.ts'
import { createSandbox } from '../../../../services/worker/sandbox/sandbox.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { connectRedis } from '../../../../shared/runtime/redis.ts'
import { draft, succeed } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { docker, testStage } from '../../../support/servers.ts'
import { startWorkshop } from '../../../support/workshop.ts'

/** One task in line whose checks are this command, and a worker that works off the line with these means. */
async function broken(checkCommand: string, means: Partial<ApplyWorkerDeps> = {}) {
  const stage = testStage()
  const workshop = await startWorkshop({}, stage)
  const { store, db, git, log, names, redisUrl, runDeps } = workshop
  const project = await workshop.repository({ 'README.md': '# Test\n' }, { settings: { checkCommand } })
  const [id] = (await store.createDrafts(project.id, [draft('a')])) as [string]
  await workshop.startWorker(succeed(store))
  await store.accept(project.id)
  const row = () => db.prisma.task.findUniqueOrThrow({ where: { id } })
  await eventually(async () => expect((await row()).state).toBe('ready'))
  const main = () => git.resolve(project.id, 'refs/heads/main')
  const before = (await main())!
  const headSha = await git.squash(project.id, { base: before, head: before, message: 'Work' })
  await db.prisma.task.update({ where: { id }, data: { headSha } })
  await store.requestApply(id)
  const apply = () => db.prisma.apply.findFirstOrThrow({ where: { taskId: id } })

  const redis = connectRedis(redisUrl, { log, patient: true })
  const deps = { ...runDeps, ...means }
  const checkMain = createMainCheck(deps)
  const worker = createApplyWorker({ ...deps, checkMain, redis, names, worker: 'applies' })
  stage.onEnd(async () => {
    await worker.stop()
    redis.disconnect()
  })
  return { workshop, db, id, row, apply, main, before, worker }
}

const log = { info() {}, warn() {} }
const noImage = createSandbox({ docker: docker(), image: 'no-such-image:none', installation: 'none', log })

test('an apply whose container cannot be started rests, and in the end goes back with what happened', async () => {
  const { db, row, apply, main, before, worker } = await broken('true', { sandbox: noImage })
  await worker.start()
  await eventually(async () => expect(await apply()).toMatchObject({ breaks: 1, phase: 'verifying' }))
  expect((await row()).state).toBe('applying')

  await db.prisma.apply.updateMany({ data: { breaks: LIMITS.engine.brokenRuns - 1 } })
  await eventually(async () => expect(await row()).toMatchObject({ state: 'ready', failureCode: 'infrastructure' }), {
    timeoutMs: 30_000,
  })
  expect((await row()).failureText).toMatch(/no such image/i)
  expect(await main()).toBe(before)
})

test('an apply whose worker shuts down has not broken', async () => {
  const { workshop, id, row, apply, worker } = await broken('sleep 1000')
  await worker.start()
  await eventually(async () =>
    expect((await workshop.sandbox.list()).filter(({ taskId }) => taskId === id)).toMatchObject([{ line: true }]),
  )
  await worker.stop()
  expect(await apply()).toMatchObject({ breaks: 0, finishedAt: null })
  expect((await row()).state).toBe('applying')
})
