import { describe, expect, test } from 'vitest'
import { checkpointRef } from '../../../../shared/runtime/names.ts'
import { draft } from '../../../support/engine.ts'
import { file, plan, say } from '../../../support/runbook.ts'
import { openShop } from './support.ts'

const shop = openShop()

describe('a dependant', { concurrent: true, timeout: 200_000 }, () => {
  test('whose prerequisites do not fit together fails with their names and files, and starts once they do', async () => {
    const { accepted, until, store, db, git, row } = shop()
    const { project, ids } = await accepted(
      [
        draft('left', [], { title: 'Paint it red', plan: file('wall.txt', 'red') }),
        draft('right', [], { title: 'Paint it blue', plan: file('wall.txt', 'blue') }),
        draft('both', ['left', 'right'], { plan: file('door.txt', 'door') }),
      ],
      { files: { 'wall.txt': 'white\n' } },
    )
    const both = ids[2]!
    const { failureCode, failureText } = await until(both, 'failed')
    expect(failureCode).toBe('prerequisite_conflict')
    expect(failureText).toMatch(/“Paint it blue” conflicts with .*“Paint it red” in wall\.txt/)
    expect(await db.prisma.step.count({ where: { taskId: both } })).toBe(0)

    // A person settles it on the branch of the second.
    const [left, right] = await Promise.all([row(ids[0]!), row(ids[1]!)])
    const settled = await git.squash(project.id, { base: left.headSha!, head: right.headSha!, message: 'Settle' })
    const ref = `refs/heads/${right.branch}`
    expect(await git.moveRef(project.id, { ref, to: settled, from: right.headSha })).toBe(true)
    await store.branchPushed(project.id, right.branch!, settled)
    await store.retry(both)
    await until(both, 'ready')
  })

  test('that waits before it has changed anything keeps a ref on what it starts from', async () => {
    const { accepted, until, git } = shop()
    const { project, ids } = await accepted([
      draft('roof', [], { plan: file('roof.txt', 'roof') }),
      draft('paint', ['roof'], { plan: '```ask\nWhich colour?\n- Red\n- Blue\n```' }),
    ])
    const { baseSha, headSha, epoch } = await until(ids[1]!, 'waiting')
    expect(headSha).toBeNull()
    expect(await git.resolve(project.id, checkpointRef(ids[1]!, epoch))).toBe(baseSha)
  })

  test('gets at most 50 KB of a prerequisite’s output, cut with a notice', async () => {
    const { accepted, until, thread } = shop()
    const long = 'é'.repeat(45_000)
    const { ids } = await accepted([
      draft('talk', [], { plan: plan(file('a.txt', 'a'), say(long)) }),
      draft('listen', ['talk'], { plan: file('b.txt', 'b') }),
    ])
    await until(ids[1]!, 'ready')
    const { output } = await until(ids[0]!, 'ready')
    const bytes = Buffer.byteLength(output ?? '')
    expect(bytes).toBeGreaterThan(51_190)
    expect(bytes).toBeLessThanOrEqual(51_200)
    const whole = Buffer.byteLength((await thread(ids[0]!)).at(-1)?.text ?? '')
    expect(output).toMatch(new RegExp(`^é+\\n\\[Output cut at 50 KB: it had ${whole} bytes\\]$`))
    const [first] = await thread(ids[1]!)
    expect(first?.text.replace(/\(\d+s\)/, '(0s)')).toBe(
      `[Context from completed task "talk" (0s)]\n${output}\n\n[Your task]\nlisten\n\n${file('b.txt', 'b')}`,
    )
  })

  test('that a push overtook while it was starting says that it is stale', async () => {
    const { store, repository, db, row } = shop()
    // No worker gets to see this organization: the claims are made by hand.
    const project = await repository({ 'README.md': '# Test\n' }, { plan: '1' })
    const [first, second] = (await store.createDrafts(project.id, [draft('first'), draft('second', ['first'])])) as [
      string,
      string,
    ]
    await db.prisma.task.update({
      where: { id: first },
      data: { state: 'ready', branch: 'tasks/1-first', headSha: '1'.repeat(40), baseSha: '0'.repeat(40) },
    })
    await db.prisma.task.update({ where: { id: second }, data: { state: 'active', epoch: 1 } })
    await store.branchPushed(project.id, 'tasks/1-first', '2'.repeat(40))
    expect((await row(second)).staleReason).toContain('was changed by a push')
  })
})
