import { describe, expect, test } from 'vitest'
import { draft } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { file, plan, sh } from '../../../support/runbook.ts'
import { openShop } from './support.ts'

const shop = openShop()

describe('a task', { concurrent: true, timeout: 200_000 }, () => {
  test('that is cancelled while a command runs loses its container, keeps its work, and can be retried', async () => {
    const { accepted, row, store, sandbox, changed, db } = shop()
    const { project, ids } = await accepted([
      draft('sleepy', [], { plan: plan(file('kept.txt', 'kept'), sh('sleep 1000')) }),
    ])
    const id = ids[0]!
    const containers = async () => (await sandbox.list()).filter(({ taskId }) => taskId === id)
    await eventually(async () => expect((await row(id)).iterations).toBe(2), { timeoutMs: 60_000 })
    expect(await containers()).toHaveLength(1)
    await store.cancel(id)
    expect(await row(id)).toMatchObject({ state: 'cancelled', failureCode: 'cancelled' })
    await eventually(async () => expect(await containers()).toEqual([]), { timeoutMs: 20_000 })

    const { headSha, baseSha } = await row(id)
    expect(await changed(project.id, baseSha!, headSha!)).toEqual(['+kept.txt'])
    await store.retry(id)
    await eventually(async () => expect(await row(id)).toMatchObject({ attempt: 2, iterations: 1 }), {
      timeoutMs: 60_000,
    })
    // The command that was interrupted runs once more, and nothing else does.
    const steps = await db.prisma.message.findMany({ where: { threadId: (await row(id)).threadId, role: 'assistant' } })
    expect(steps.map(({ parts }) => (parts as { name: string }[])[0]?.name)).toEqual(['write_file', 'bash', 'bash'])
    await store.cancel(id)
    await eventually(async () => expect(await containers()).toEqual([]), { timeoutMs: 20_000 })
  })

  test('that is dismissed leaves main alone, and what was built on it has to be done without it', async () => {
    const { accepted, until, store, main, row, changed } = shop()
    const { project, ids } = await accepted([
      draft('ground', [], { plan: file('a.txt', 'a') }),
      draft('house', ['ground'], { plan: file('b.txt', 'b') }),
    ])
    const before = await main(project.id)
    await until(ids[1]!, 'ready')
    await store.dismiss(ids[0]!)
    expect(await row(ids[0]!)).toMatchObject({ state: 'dismissed' })
    expect((await row(ids[1]!)).staleReason).toContain('“ground”, on which it builds, was dismissed')
    await expect(store.requestApply(ids[1]!)).rejects.toThrow(/“ground”, on which it builds, was dismissed\. Retry it/)
    expect(await main(project.id)).toBe(before)

    await store.retry(ids[1]!)
    const { baseSha, headSha } = await until(ids[1]!, 'ready')
    expect([baseSha, await changed(project.id, before, headSha!)]).toEqual([before, ['+b.txt']])
    await store.requestApply(ids[1]!)
    await until(ids[1]!, 'done')
    expect(await changed(project.id, before, await main(project.id))).toEqual(['+b.txt'])
  })
})
