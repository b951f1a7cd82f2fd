import { describe, expect, test } from 'vitest'
import { applyTask } from '../../../../services/worker/apply/apply-task.ts'
import { createMainCheck } from '../../../../services/worker/apply/main-check.ts'
import { draft } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { file } from '../../../support/runbook.ts'
import { openShop } from '../run/support.ts'

const shop = openShop()

describe('an apply', { concurrent: true, timeout: 200_000 }, () => {
  test('that conflicts goes back to ready with the files, leaves main alone, and works once it is settled', async () => {
    const { accepted, until, store, main, thread, git, changed } = shop()
    const { project, ids } = await accepted(
      [
        draft('red', [], { title: 'Paint it red', plan: `${file('wall.txt', 'red')}\n\n${file('red.txt', 'r')}` }),
        draft('blue', [], { title: 'Paint it blue', plan: file('wall.txt', 'blue') }),
      ],
      { files: { 'wall.txt': 'white\n' } },
    )
    const [red, blue] = ids as [string, string]
    await until(red, 'ready')
    const { branch, headSha, baseSha } = await until(blue, 'ready')
    await store.requestApply(red)
    await until(red, 'done')
    const before = await main(project.id)
    await store.requestApply(blue)
    const back = await eventually(async () => {
      const task = await until(blue, 'ready')
      expect(task.failureCode).toBe('merge_conflict')
      return task
    })
    expect(back.failureText).toContain('in wall.txt')
    expect(back.failureText).toContain(branch)
    expect((await thread(blue)).at(-1)).toEqual({ role: 'system', text: back.failureText })
    expect(await main(project.id)).toBe(before)

    // A person merges main into the branch, keeps the blue, and pushes it.
    const settled = await git.squash(project.id, { base: before, head: headSha!, message: 'Keep the blue' })
    const from = { ref: `refs/heads/${branch}`, from: headSha }
    expect(await git.moveRef(project.id, { ...from, to: settled })).toBe(true)
    await store.branchPushed(project.id, branch!, settled)
    await store.requestApply(blue)
    expect(await until(blue, 'done')).toMatchObject({ failureCode: null })
    expect(await changed(project.id, baseSha!, await main(project.id))).toEqual(['~wall.txt'])
  })

  test('whose merge alone is red goes back to ready; what is red on main already stops nobody', async () => {
    const { accepted, until, store, main, changed, db } = shop()
    const checkCommand = 'test ! -e a.txt || test ! -e b.txt || { echo a and b do not fit; exit 4; }'
    const { project, ids } = await accepted(
      [draft('a', [], { plan: file('a.txt', 'a') }), draft('b', [], { plan: file('b.txt', 'b') })],
      { settings: { checkCommand } },
    )
    const [a, b] = ids as [string, string]
    const start = await main(project.id)
    await until(a, 'ready')
    expect(await until(b, 'ready')).toMatchObject({ checkStatus: 'passed' })
    await store.requestApply(a)
    await until(a, 'done')
    const before = await main(project.id)
    await store.requestApply(b)
    await eventually(async () => {
      expect(await until(b, 'ready')).toMatchObject({
        failureCode: 'checks_failed',
        failureText: expect.stringMatching(/exit code 4[\s\S]*a and b do not fit/),
      })
    })
    expect(await main(project.id)).toBe(before)
    expect(await changed(project.id, start, before)).toEqual(['+a.txt'])
    const { mergeSha } = await db.prisma.apply.findFirstOrThrow({ where: { taskId: b } })
    const checks = { where: { taskId: b }, orderBy: { id: 'desc' } } as const
    const [red, own] = await db.prisma.check.findMany(checks)
    expect(red).toMatchObject({
      sha: mergeSha,
      exitCode: 4,
      onMain: false,
      output: expect.stringContaining('do not fit'),
    })
    expect(own).toMatchObject({ exitCode: 0 })

    const { settings } = await db.prisma.project.findUniqueOrThrow({ where: { id: project.id } })
    await db.prisma.project.update({
      where: { id: project.id },
      data: { settings: { ...(settings as object), checkCommand: 'exit 5' } },
    })
    await store.requestApply(b)
    await until(b, 'done')
    expect(await changed(project.id, start, await main(project.id))).toEqual(['+a.txt', '+b.txt'])
  })

  test('is stopped where main is red already, if more fails with it', async () => {
    const { accepted, until, store, main } = shop()
    const tap =
      'n=1; for t in *.test; do if grep -q ok $t; then echo "ok $n - $t"; else echo "not ok $n - $t"; fi; n=$((n+1)); done'
    const { project, ids } = await accepted(
      [draft('same', [], { plan: file('c.txt', 'c') }), draft('worse', [], { plan: file('b.test', 'red') })],
      {
        files: { 'a.test': 'red', 'b.test': 'ok' },
        settings: { checkCommand: `echo TAP version 13; ${tap}; echo "1..2"; ! grep -L ok *.test | grep -q .` },
      },
    )
    const [same, worse] = ids as [string, string]
    await until(same, 'ready')
    await until(worse, 'ready')
    await store.requestApply(same)
    await until(same, 'done')
    const before = await main(project.id)
    await store.requestApply(worse)
    await eventually(async () =>
      expect(await until(worse, 'ready')).toMatchObject({
        failureCode: 'checks_failed',
        failureText: expect.stringMatching(/2 failed\), while those of the main version come to exit code 1, 1 failed/),
      }),
    )
    expect(await main(project.id)).toBe(before)
  })

  test('whose checks end their own container counts as red and does not hold the line up', async () => {
    const { accepted, until, store, main, sandbox, push } = shop()
    const { project, ids } = await accepted(
      [draft('killer', [], { plan: file('a.txt', 'a') }), draft('next', [], { plan: file('b.txt', 'b') })],
      { settings: { checkCommand: 'test ! -e a.txt || test ! -e merged.txt || kill -9 -1' } },
    )
    const [killer, next] = ids as [string, string]
    await until(killer, 'ready')
    await until(next, 'ready')
    await push(project.id, { 'merged.txt': 'm' })
    const before = await main(project.id)
    await store.requestApply(killer)
    await store.requestApply(next)
    await eventually(async () => expect(await until(killer, 'ready')).toMatchObject({ failureCode: 'checks_failed' }))
    expect((await until(killer, 'ready')).failureText).toMatch(/container .*lost/)
    await until(next, 'done')
    expect(await main(project.id)).not.toBe(before)
    await eventually(async () =>
      expect((await sandbox.list()).filter(({ taskId }) => taskId === killer || taskId === next)).toEqual([]),
    )
  })

  test('takes its prerequisites along, and all go back when one of them cannot be applied', async () => {
    const { accepted, until, store, main, push } = shop()
    const { project, ids } = await accepted(
      [
        draft('ground', [], { plan: file('wall.txt', 'ground') }),
        draft('house', ['ground'], { plan: file('house.txt', 'house') }),
        draft('roof', ['house'], { plan: file('roof.txt', 'roof') }),
      ],
      { files: { 'wall.txt': 'white\n' } },
    )
    await until(ids[2]!, 'ready')
    await push(project.id, { 'wall.txt': 'pushed' })
    const before = await main(project.id)
    expect(await store.requestApply(ids[2]!)).toEqual(ids)
    await eventually(async () => {
      const tasks = await Promise.all(ids.map(id => until(id, 'ready')))
      expect(tasks.map(({ failureCode }) => failureCode)).toEqual(['merge_conflict', 'apply_stopped', 'apply_stopped'])
      expect(tasks[2]?.failureText).toContain('“ground” could not be applied')
    })
    expect(await main(project.id)).toBe(before)
  })

  test('loses nobody’s push that comes between its checks and its swap', async () => {
    const { accepted, until, store, git, sandbox, log, main, changed, push } = shop()
    const { project, ids } = await accepted([draft('slow', [], { plan: file('slow.txt', 'slow') })])
    const id = ids[0]!
    const start = await main(project.id)
    await until(id, 'ready')
    const { line, release } = await takeLine(project.id)
    await store.requestApply(id)
    const apply = await eventually(async () => (await store.nextApply(line.fence))!)
    let pushes = 0
    const busy: typeof git = {
      ...git,
      async moveRef(...move) {
        if (pushes < 2) await push(project.id, { [`push-${pushes++}.txt`]: 'p' })
        return git.moveRef(...move)
      },
    }
    const deps = { store, git: busy, sandbox, log }
    const signal = new AbortController().signal
    await applyTask({ ...deps, checkMain: createMainCheck(deps) }, line, apply, signal)
    await release()
    await until(id, 'done')
    expect(await changed(project.id, start, await main(project.id))).toEqual([
      '+push-0.txt',
      '+push-1.txt',
      '+slow.txt',
    ])
    const subjects = (await git.log(project.id, { base: start, head: await main(project.id), firstParent: true })).map(
      ({ subject }) => subject,
    )
    expect(subjects).toEqual(['slow', 'Push push-1.txt', 'Push push-0.txt'])
  })

  test('of what a person has merged and pushed already changes nothing more', async () => {
    const { accepted, until, store, git, main } = shop()
    const { project, ids } = await accepted([draft('mine', [], { plan: file('mine.txt', 'mine') })])
    const { headSha } = await until(ids[0]!, 'ready')
    const into = await main(project.id)
    const merged = await git.merge(project.id, { into, heads: [headSha!], message: 'By hand' })
    if (merged.kind !== 'merged') throw new Error('it conflicts')
    await git.moveRef(project.id, { ref: 'refs/heads/main', from: into, to: merged.sha })
    await store.requestApply(ids[0]!)
    expect(await until(ids[0]!, 'done')).toMatchObject({ mergeSha: null })
    expect(await main(project.id)).toBe(merged.sha)
  })

  test('has the task’s title as its one subject line, also where that has several', async () => {
    const { accepted, until, store, git, main } = shop()
    const { project, ids } = await accepted([draft('lines', [], { title: 'Two\n\nlines', plan: file('a.txt', 'a') })])
    const { headSha } = await until(ids[0]!, 'ready')
    await store.requestApply(ids[0]!)
    await until(ids[0]!, 'done')
    for (const head of [headSha!, await main(project.id)]) {
      expect((await git.log(project.id, { head, limit: 1 }))[0]).toMatchObject({ subject: 'Two lines' })
    }
  })

  test('whose commit is gone says so instead of holding the line up', async () => {
    const { accepted, until, store, db } = shop()
    const { ids } = await accepted([draft('gone', [], { plan: file('a.txt', 'a') })])
    await until(ids[0]!, 'ready')
    await db.prisma.task.update({ where: { id: ids[0]! }, data: { headSha: '1'.repeat(40) } })
    await store.requestApply(ids[0]!)
    await eventually(async () => expect(await until(ids[0]!, 'ready')).toMatchObject({ failureCode: 'apply_failed' }))
  })

  /** Takes a project's line of applies, so that no worker works it off. */
  async function takeLine(projectId: string) {
    const { store } = shop()
    const line = await store.claimLine(projectId, 'test')
    if ('busyMs' in line) throw new Error('somebody else has the line')
    const renewing = setInterval(() => void store.renewLine(line.fence), 1_000)
    const release = () => {
      clearInterval(renewing)
      return store.releaseLine(line.fence)
    }
    return { line, release }
  }
})
