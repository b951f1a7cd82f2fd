import { expect, test } from 'vitest'
import { draft } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { file, say, sh } from '../../../support/runbook.ts'
import { startWorkshop } from '../../../support/workshop.ts'

test('a diamond builds on its prerequisites’ code and is applied in order', async () => {
  const shop = await startWorkshop()
  const { store, db, git } = shop
  const project = await shop.repository(
    { 'README.md': '# Test\n' },
    { settings: { checkCommand: 'test -f README.md' } },
  )
  await shop.startWorker(shop.execute)
  await shop.startApplies()
  const ids = await store.createDrafts(project.id, [
    draft('a', [], { plan: `${file('a.txt', 'A')}\n\n${say('wrote a')}` }),
    draft('b', ['a'], { plan: `${sh('cat a.txt > b.txt')}\n\n${say('copied a to b')}` }),
    draft('c', ['a'], { plan: sh('cat a.txt > c.txt') }),
    draft('d', ['b', 'c'], { plan: sh('cat a.txt b.txt c.txt > d.txt') }),
  ])
  await store.accept(project.id)
  await eventually(
    async () => {
      const tasks = await db.prisma.task.findMany({ where: { id: { in: ids } }, orderBy: { number: 'asc' } })
      expect(tasks.map(task => [task.key, task.state, task.failureText])).toEqual([
        ['a', 'ready', null],
        ['b', 'ready', null],
        ['c', 'ready', null],
        ['d', 'ready', null],
      ])
      expect(tasks.map(task => task.checkStatus)).toEqual(['passed', 'passed', 'passed', 'passed'])
    },
    { timeoutMs: 60_000 },
  )
  const first = await db.prisma.message.findFirstOrThrow({ where: { thread: { task: { id: ids[3]! } }, position: 0 } })
  expect(first.text).toMatch(
    /^\[Context from completed task "b" \(\d+s\)\]\n[\s\S]*copied a to b[\s\S]*\n\n\[Context from completed task "c" \(\d+s\)\]\n[\s\S]*\n\n\[Your task\]\nd\n\n/,
  )

  await store.requestApply(ids[3]!)
  await eventually(
    async () => {
      const tasks = await db.prisma.task.findMany({ where: { id: { in: ids } }, orderBy: { number: 'asc' } })
      expect(tasks.map(task => [task.key, task.state, task.failureText])).toEqual(
        ['a', 'b', 'c', 'd'].map(key => [key, 'done', null]),
      )
    },
    { timeoutMs: 60_000 },
  )
  const { headSha } = await db.prisma.project.findUniqueOrThrow({ where: { id: project.id } })
  const log = await git.log(project.id, { head: headSha, firstParent: true })
  expect(log.map(commit => commit.subject).slice(0, 4)).toEqual(['d', 'c', 'b', 'a'])
  const { files } = await git.diff(project.id, { base: log.at(-1)!.sha, head: headSha })
  expect(files.map(({ path }) => path)).toEqual(['a.txt', 'b.txt', 'c.txt', 'd.txt'])
}, 120_000)
