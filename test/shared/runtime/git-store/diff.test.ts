import { randomBytes, randomUUID } from 'node:crypto'
import { appendFile, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Diff } from '../../../../shared/contract/task.ts'
import { collect, temporaryStore, type WorkTree, workTree } from './support.ts'

describe('differences', () => {
  let disk: Awaited<ReturnType<typeof temporaryStore>>
  let project: string
  let base: string
  let tree: WorkTree
  const lines = (count: number) => Array.from({ length: count }, (_, n) => `line ${n}\n`).join('')

  beforeAll(async () => {
    disk = await temporaryStore({ limits: { diffFiles: 20, diffBytes: 10_000 } })
  })
  afterAll(() => disk.close())
  beforeEach(async () => {
    project = randomUUID()
    tree = await workTree(join(disk.directory, `tree-${project}`))
    base = await tree.commit({
      'a.txt': 'one\ntwo\nthree\n',
      'gone.txt': 'bye\n',
      'long.txt': lines(40),
      'picture.bin': Buffer.from([0, 1, 2]),
    })
    await disk.store.create(project, { kind: 'git', url: tree.path })
  })

  /** Commits in the work tree, hands it over and compares. */
  async function changed(files: Record<string, string | Buffer | null>) {
    const head = await tree.commit(files)
    await disk.store.receive(project, { taskId: 'task', epoch: 1, parent: base, head }, await tree.bundle(head, base))
    const diff = await disk.store.diff(project, { base, head })
    return { head, diff: Diff.parse(diff), file: (path: string) => diff.files.find(file => file.path === path) }
  }

  test('added, modified and deleted files come with counts and hunks', async () => {
    const { diff, head } = await changed({
      'a.txt': 'one\n2\nthree\nfour',
      'gone.txt': null,
      'new dir/ü\t".txt': 'hi\n',
    })
    expect(diff).toEqual({
      baseSha: base,
      headSha: head,
      files: [
        {
          path: 'a.txt',
          status: 'modified',
          additions: 2,
          deletions: 1,
          binary: false,
          hunks: [
            {
              oldStart: 1,
              oldLines: 3,
              newStart: 1,
              newLines: 4,
              lines: [' one', '-two', '+2', ' three', '+four', '\\ No newline at end of file'],
            },
          ],
        },
        {
          path: 'gone.txt',
          status: 'deleted',
          additions: 0,
          deletions: 1,
          binary: false,
          hunks: [{ oldStart: 1, oldLines: 1, newStart: 0, newLines: 0, lines: ['-bye'] }],
        },
        {
          path: 'new dir/ü\t".txt',
          status: 'added',
          additions: 1,
          deletions: 0,
          binary: false,
          hunks: [{ oldStart: 0, oldLines: 0, newStart: 1, newLines: 1, lines: ['+hi'] }],
        },
      ],
    })
  })

  test('a renamed file says what it was called', async () => {
    const { diff } = await changed({
      'long.txt': null,
      'moved/long.txt': lines(40).replace('line 7\n', 'line seven\n'),
    })
    expect(diff.files).toMatchObject([
      { path: 'moved/long.txt', oldPath: 'long.txt', status: 'renamed', additions: 1, deletions: 1, binary: false },
    ])
    expect(diff.files[0]?.hunks).toHaveLength(1)
  })

  test('binary files have no hunks', async () => {
    const { diff } = await changed({ 'picture.bin': Buffer.from([0, 3]), 'a.txt': 'x\n' })
    expect(diff.files.map(file => [file.path, file.binary, file.hunks.length])).toEqual([
      ['a.txt', false, 1],
      ['picture.bin', true, 0],
    ])
  })

  test('a file that becomes a link is one modified file, and the files behind it keep their hunks', async () => {
    await unlink(join(tree.path, 'a.txt'))
    await symlink('gone.txt', join(tree.path, 'a.txt'))
    const { diff } = await changed({ 'gone.txt': 'still here\n' })
    expect(diff.files.map(file => [file.path, file.status, file.hunks.length])).toEqual([
      ['a.txt', 'modified', 2],
      ['gone.txt', 'modified', 1],
    ])
    expect(diff.files[1]?.hunks[0]?.lines).toEqual(['-bye', '+still here'])
  })

  test('content that looks like a patch stays content', async () => {
    const text = 'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n\\ No newline\n'
    const { file } = await changed({ 'patch.txt': text, 'z.txt': 'z\n' })
    expect(file('patch.txt')?.hunks).toMatchObject([
      {
        newLines: 7,
        lines: text
          .trimEnd()
          .split('\n')
          .map(line => `+${line}`),
      },
    ])
    expect(file('z.txt')?.hunks[0]?.lines).toEqual(['+z'])
  })

  test('two equal commits differ in nothing', async () => {
    expect(await disk.store.diff(project, { base, head: base })).toEqual({ baseSha: base, headSha: base, files: [] })
    expect((await collect(await disk.store.patch(project, { base, head: base }))).length).toBe(0)
  })

  test('a file that is too large loses its hunks, the smaller ones behind it keep theirs', async () => {
    const { diff, file } = await changed({ 'big.txt': lines(1000), 'endless.txt': 'x'.repeat(3_000), 'z.txt': 'z\n' })
    expect(diff.truncated).toBe(true)
    expect(file('big.txt')).toMatchObject({ additions: 1000, hunks: [] })
    expect(file('endless.txt')).toMatchObject({ additions: 1, hunks: [] })
    expect(file('z.txt')?.hunks).toHaveLength(1)
  })

  test('more files than are shown are said to be more', async () => {
    const { diff } = await changed(Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`n${n}.txt`, `${n}\n`])))
    expect(diff.files).toHaveLength(20)
    expect(diff.truncated).toBe(true)
    expect(diff.files.every(file => file.hunks.length === 1)).toBe(true)
  })

  test('the patch can be applied, also to binary files', async () => {
    const content = randomBytes(300)
    const { head } = await changed({ 'a.txt': 'other\n', 'picture.bin': content, 'gone.txt': null })
    const patch = await collect(await disk.store.patch(project, { base, head }))
    await tree.git(['reset', '--quiet', '--hard', base])
    await tree.git(['apply', '--index'], patch)
    expect(await tree.git(['write-tree'])).toBe(await tree.git(['rev-parse', `${head}^{tree}`]))
  })

  test("a repository's own programs for differences never run", async () => {
    const { head } = await changed({ 'a.txt': 'evil\n' })
    const repository = join(disk.root, `${project}.git`)
    const canary = join(disk.directory, `canary-${project}`)
    const program = `touch ${canary}; cat`
    await appendFile(join(repository, 'config'), `[diff "evil"]\n\ttextconv = "${program}"\n\tcommand = "${program}"\n`)
    await writeFile(join(repository, 'info', 'attributes'), '* diff=evil\n')
    const { files } = await disk.store.diff(project, { base, head })
    await collect(await disk.store.patch(project, { base, head }))
    expect(files[0]?.hunks[0]?.lines).toContain('+evil')
    await expect(stat(canary)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
