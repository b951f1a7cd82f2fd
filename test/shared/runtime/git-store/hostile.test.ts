import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { deflateSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { temporaryStore, type WorkTree, workTree } from './support.ts'

const MIB = 1024 * 1024

describe('bundles from a hostile container', () => {
  let disk: Awaited<ReturnType<typeof temporaryStore>>
  let project: string
  let main: string
  let tree: WorkTree

  beforeAll(async () => {
    const limits = { bundleBytes: 4 * MIB, fileBytes: MIB, changedFiles: 100, treeFiles: 1000, pathBytes: 300 }
    disk = await temporaryStore({ limits })
  })
  afterAll(() => disk.close())
  beforeEach(async () => {
    project = randomUUID()
    main = (await disk.store.create(project, { kind: 'empty' })).headSha
    tree = await workTree(join(disk.directory, `tree-${project}`))
    await tree.load(await disk.store.bundle(project, { want: main, have: [] }), main)
  })

  const receive = (head: string, bundle: Buffer | Readable) =>
    disk.store.receive(project, { taskId: 'task', epoch: 1, parent: main, head }, bundle)

  /** Expects the refusal, and that the store and its scratch space are as before. */
  async function refuses(head: string, bundle: Buffer | Readable, code: string, words?: RegExp): Promise<void> {
    const refused = await receive(head, bundle).catch(error => error)
    expect(refused).toMatchObject({ code })
    if (words) expect(refused.message).toMatch(words)
    expect(await disk.store.resolve(project, head)).toBeNull()
    expect(await disk.store.resolve(project, 'refs/slipway/task/e1')).toBeNull()
    expect(await readdir(join(disk.root, '.scratch'))).toEqual([])
  }

  /** A commit whose tree git itself would not make. */
  async function commitOf(entries: { mode: string; type: string; sha: string; name: string }[]): Promise<string> {
    const raw = entries.map(({ mode, sha, name }) =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(sha, 'hex')]),
    )
    const treeSha = await tree.git(['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], Buffer.concat(raw))
    return tree.git(['commit-tree', treeSha, '-p', main, '-m', 'Hostile'])
  }

  const blob = (content: string | Buffer) => tree.git(['hash-object', '-w', '--stdin'], content)

  test.each(['.git', '.GIT', '.Git', 'git~1', '.git ', '.g\u200cit', '.git.', '..', '.'])(
    'an entry named %j is refused',
    async name => {
      const head = await commitOf([{ mode: '100644', type: 'blob', sha: await blob('x'), name }])
      await refuses(head, await tree.bundle(head, main), 'bundle_rejected', /has(Dot|Dotdot|Dotgit)|contains '/)
    },
  )

  test('a .git folder inside a folder is refused', async () => {
    const config = await blob('[core]\n\tfsmonitor = touch /tmp/owned\n')
    const inner = Buffer.concat([Buffer.from('100644 config\0'), Buffer.from(config, 'hex')])
    const sha = await tree.git(['hash-object', '-t', 'tree', '-w', '--stdin'], inner)
    const head = await commitOf([{ mode: '40000', type: 'tree', sha, name: '.git' }])
    await refuses(head, await tree.bundle(head, main), 'bundle_rejected')
  })

  test('a path with a slash in one entry is refused', async () => {
    const head = await commitOf([{ mode: '100644', type: 'blob', sha: await blob('x'), name: '../../etc/passwd' }])
    await refuses(head, await tree.bundle(head, main), 'bundle_rejected')
  })

  test('a .gitmodules that would run an option is refused', async () => {
    const modules = await blob('[submodule "x"]\n\tpath = x\n\turl = --upload-pack=touch /tmp/owned\n')
    const head = await commitOf([{ mode: '100644', type: 'blob', sha: modules, name: '.gitmodules' }])
    await refuses(head, await tree.bundle(head, main), 'bundle_rejected')
  })

  test('a .gitmodules that is a link is refused', async () => {
    const head = await commitOf([{ mode: '120000', type: 'blob', sha: await blob('.git/config'), name: '.gitmodules' }])
    await refuses(head, await tree.bundle(head, main), 'bundle_rejected')
  })

  test('a commit whose tree or file is missing is refused', async () => {
    const absent = '1'.repeat(40)
    const noTree = await tree.git(
      ['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'],
      `tree ${absent}\nparent ${main}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n`,
    )
    const noBlob = await commitOf([{ mode: '100644', type: 'blob', sha: absent, name: 'a' }])
    for (const head of [noTree, noBlob]) await refuses(head, await packed(head, [head]), 'bundle_rejected')
  })

  test('a head that is no commit is refused', async () => {
    const head = await blob('not a commit')
    await refuses(head, await packed(head, [head]), 'bundle_rejected')
  })

  test('a history that starts anew does not descend', async () => {
    const empty = await tree.git(['mktree'], '')
    const head = await tree.git(['commit-tree', empty, '-m', 'Orphan'])
    await refuses(head, await tree.bundle(head, null), 'not_descendant')
  })

  test('too large a bundle, file, number of files and path are refused', async () => {
    const big = await tree.commit({ 'big.bin': randomBytes(6 * MIB) })
    await refuses(big, await tree.bundle(big, main), 'too_large', /bundle is larger/)
    await tree.git(['reset', '--quiet', '--hard', main])
    const zeros = await tree.commit({ 'zeros.bin': Buffer.alloc(2 * MIB) })
    await refuses(zeros, await tree.bundle(zeros, main), 'too_large', /file of more than/)
    await tree.git(['reset', '--quiet', '--hard', main])
    const many = await tree.commit(Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`f${n}`, `${n}`])))
    await refuses(many, await tree.bundle(many, main), 'too_large', /more than 100 files/)
    await tree.git(['reset', '--quiet', '--hard', main])
    const deep = await tree.commit({ [`${'d/'.repeat(200)}f`]: 'x' })
    await refuses(deep, await tree.bundle(deep, main), 'too_large', /path of more than/)
  })

  test('a tree that unfolds into a hundred thousand paths is refused before they are listed', async () => {
    let sha = await blob('x')
    let mode = '100644'
    for (let level = 0; level < 5; level++) {
      const entries = Array.from({ length: 10 }, (_, n) =>
        Buffer.concat([Buffer.from(`${mode} e${n}\0`), Buffer.from(sha, 'hex')]),
      )
      sha = await tree.git(['hash-object', '-t', 'tree', '-w', '--stdin'], Buffer.concat(entries))
      mode = '40000'
    }
    const head = await commitOf([{ mode, type: 'tree', sha, name: 'bomb' }])
    await refuses(head, await tree.bundle(head, main), 'too_large', /holds more than 1000 files/)
  })

  test('a delta that claims gigabytes is refused without allocating them', async () => {
    const head = await tree.commit({ a: 'x' })
    const base = Buffer.from(await tree.git(['rev-parse', `${head}:a`]), 'hex')
    const size = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x20])
    const delta = Buffer.concat([Buffer.from([1]), size, Buffer.from([0x90, 1])])
    const body = Buffer.concat([
      Buffer.from('PACK\0\0\0\x02\0\0\0\x01', 'latin1'),
      Buffer.from([0x70 | delta.length]),
      base,
      deflateSync(delta),
    ])
    const pack = Buffer.concat([body, createHash('sha1').update(body).digest()])
    await receive(head, await tree.bundle(head, main))
    const next = '2'.repeat(40)
    const refused = disk.store.receive(
      project,
      { taskId: 'task', epoch: 2, parent: head, head: next },
      header(next, pack),
    )
    const message = expect.stringContaining('over limit')
    await expect(refused).rejects.toMatchObject({ code: 'bundle_rejected', message })
  })

  test('links out of the tree and submodules harm nobody and are kept', async () => {
    const head = await commitOf([
      { mode: '120000', type: 'blob', sha: await blob('/etc/passwd'), name: 'link' },
      { mode: '160000', type: 'commit', sha: '1'.repeat(40), name: 'module' },
    ])
    await receive(head, await tree.bundle(head, main))
    const { files } = await disk.store.diff(project, { base: main, head })
    expect(files.map(file => [file.path, file.status])).toEqual([
      ['link', 'added'],
      ['module', 'added'],
    ])
  })

  test('a stream that breaks off passes its error on and leaves nothing', async () => {
    const head = await tree.commit({ a: 'x' })
    const bundle = await tree.bundle(head, main)
    const broken = new Error('the container died')
    const stream = Readable.from(
      (async function* () {
        yield bundle.subarray(0, bundle.length - 5)
        throw broken
      })(),
    )
    await expect(receive(head, stream)).rejects.toBe(broken)
    expect(await readdir(join(disk.root, '.scratch'))).toEqual([])
  })

  /** A pack of exactly these objects behind a bundle's header: what `git bundle` would not make. */
  async function packed(head: string, objects: string[]): Promise<Buffer> {
    const file = join(disk.directory, `p-${randomUUID()}`)
    const hash = await tree.git(['pack-objects', '-q', file], `${objects.join('\n')}\n`)
    return header(head, await readFile(`${file}-${hash}.pack`))
  }

  const header = (head: string, pack: Buffer) =>
    Buffer.concat([Buffer.from(`# v2 git bundle\n-${main}\n${head} refs/x\n\n`), pack])
})
