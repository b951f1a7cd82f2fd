import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createGit } from '../../../../shared/runtime/git-store/git.ts'
import { createHousekeeping } from '../../../../shared/runtime/git-store/housekeeping.ts'
import { scale } from '../../../support/scale.ts'
import { git, temporaryDirectory, temporaryStore, workTree } from './support.ts'

const PACKS = 55
const WRITES = 50

describe('keeping a repository fast', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let repository: string
  const packs = async () =>
    (await readdir(join(repository, 'objects', 'pack'))).filter(name => name.endsWith('.pack')).length
  const errors: unknown[] = []
  const start = () =>
    createHousekeeping({
      git: createGit({ path: process.env.PATH ?? '', cwd: directory.path }),
      onError: error => errors.push(error),
    })

  beforeAll(async () => {
    directory = await temporaryDirectory()
    repository = join(directory.path, 'r.git')
    await git(directory.path, ['init', '--quiet', '--bare', repository])
    for (let n = 0; n < PACKS; n++) {
      const input = `commit refs/heads/b${n}\ncommitter A <a@b> ${n} +0000\ndata 1\nx\nM 100644 inline f\ndata 3\n${String(n).padStart(3, '0')}\n`
      await git(repository, ['-c', 'fastimport.unpackLimit=0', 'fast-import', '--quiet'], { input })
    }
  })
  afterAll(() => directory.remove())

  test('many packs become few after many writes, not before, and every branch is still there', async () => {
    const housekeeping = start()
    for (let n = 0; n < WRITES - 1; n++) housekeeping.noteWrite(repository)
    await housekeeping.idle()
    expect(await packs()).toBe(PACKS)
    housekeeping.noteWrite(repository)
    await housekeeping.idle()
    expect(await packs()).toBeLessThan(3)
    expect((await git(repository, ['for-each-ref', '--format=%(objectname)'])).split('\n')).toHaveLength(PACKS)
    expect(await git(repository, ['fsck', '--strict'])).toBe('')
    expect(errors).toEqual([])
  })

  test('a failure is reported and hurts nobody', async () => {
    const housekeeping = start()
    for (let n = 0; n < WRITES; n++) housekeeping.noteWrite(join(directory.path, 'absent.git'))
    await housekeeping.idle()
    expect(errors).toHaveLength(1)
  })
})

test('checkpoints that arrive while the repository is packed anew are all kept', async () => {
  const disk = await temporaryStore()
  onTestFinished(disk.close)
  const project = randomUUID()
  const repository = join(disk.root, `${project}.git`)
  const tree = await workTree(join(disk.directory, 'tree'))
  const parent = await tree.commit({ start: '' })
  await disk.store.create(project, { kind: 'git', url: tree.path })
  const made: { head: string; bundle: Buffer }[] = []
  for (let n = 0; n < scale(600); n++) {
    await tree.git(['checkout', '--quiet', '--detach', parent])
    const head = await tree.commit({ [`file-${n}`]: String(n) })
    made.push({ head, bundle: await tree.bundle(head, parent) })
  }

  const waiting = [...made.entries()]
  let repacks = 0
  const packing = (async () => {
    while (waiting.length > 0) {
      await git(repository, ['repack', '-d', '-l', '-A', '--unpack-unreachable=2.weeks.ago', '--quiet'])
      repacks++
    }
  })()
  const lane = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [n, { head, bundle }] = next
      await disk.store.receive(project, { taskId: `task-${n}`, epoch: 1, parent, head }, bundle)
    }
  }
  await Promise.all([packing, ...Array.from({ length: 10 }, lane)])

  expect(repacks).toBeGreaterThan(0)
  const found = await Promise.all(made.map(({ head }) => disk.store.resolve(project, head)))
  expect(found).toEqual(made.map(({ head }) => head))
  const left = await readdir(join(repository, 'objects', 'pack'))
  expect(left.filter(name => name.endsWith('.keep'))).toEqual([])
})
