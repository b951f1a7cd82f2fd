import { describe, expect, test } from 'vitest'
import { createMainCheck } from '../../../../services/worker/apply/main-check.ts'
import { containerFor } from '../../../../services/worker/run/container.ts'
import { createSandbox } from '../../../../services/worker/sandbox/sandbox.ts'
import { eventually } from '../../../support/eventually.ts'
import { docker } from '../../../support/servers.ts'
import { openShop } from '../run/support.ts'

const shop = openShop()

describe('main’s own result', { concurrent: true, timeout: 200_000 }, () => {
  test('comes also when whoever had begun to find it out was stopped', async () => {
    const { check, running, first, second, db, projectId } = await twoWhoAsk('sleep 2')
    const begun = check('first')
    await eventually(async () => expect(await running()).toEqual(['first']))
    const joined = check('second')
    first.abort(new Error('first was stopped'))
    await expect(begun).rejects.toThrow('first was stopped')
    expect(await joined).toMatchObject({ exitCode: 0 })
    expect(second.signal.aborted).toBe(false)
    expect(await db.prisma.check.findMany({ where: { projectId } })).toMatchObject([{ onMain: true, taskId: null }])
    expect(await check('first').catch(String)).toMatchObject({ exitCode: 0 })
  })

  test('keeps nobody waiting who was stopped, and is found out once', async () => {
    const { check, running, first, second } = await twoWhoAsk('sleep 1000')
    const begun = check('first')
    await eventually(async () => expect(await running()).toEqual(['first']))
    const joined = check('second')
    second.abort(new Error('second was stopped'))
    await expect(joined).rejects.toThrow('second was stopped')
    expect(await running()).toEqual(['first'])
    first.abort(new Error('first was stopped'))
    await expect(begun).rejects.toThrow('first was stopped')
    await eventually(async () => expect(await running()).toEqual([]))
  })

  /** Two tasks that want the result of one commit, each of which may be stopped. */
  async function twoWhoAsk(command: string) {
    const { repository, main, store, git, sandbox, log, db } = shop()
    const { id: projectId } = await repository({ 'README.md': '# Test\n' })
    const sha = await main(projectId)
    const checkMain = createMainCheck({ store, git, sandbox, log })
    const stops = { first: new AbortController(), second: new AbortController() }
    const check = (who: 'first' | 'second') => {
      const identity = { taskId: projectId, epoch: 1, worker: who }
      return checkMain({ projectId, sha, command, setupCommand: null, identity }, stops[who].signal)
    }
    const running = async () =>
      (await sandbox.list()).filter(({ taskId }) => taskId === projectId).map(({ worker }) => worker)
    return { ...stops, check, running, db, projectId }
  }
})

test('a container that cannot be started lets go of the bundle that it was to get', async () => {
  const { repository, main, git, log } = shop()
  const { id: projectId } = await repository({ 'README.md': '# Test\n' })
  const sha = await main(projectId)
  const sandbox = createSandbox({ docker: docker(), image: 'no-such-image:none', installation: 'none', log })
  let bundle: Awaited<ReturnType<typeof git.bundle>> | undefined
  const watched: typeof git = {
    ...git,
    async bundle(...range) {
      bundle = await git.bundle(...range)
      return bundle
    },
  }
  const identity = { taskId: projectId, epoch: 1, worker: 'test' }
  const signal = new AbortController().signal
  await expect(containerFor({ git: watched, sandbox }, { projectId, sha, identity }, signal)).rejects.toThrow(
    /no such image/i,
  )
  expect(bundle?.destroyed).toBe(true)
})
