import { randomUUID } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseSource } from '../../../../shared/runtime/git-store/source.ts'
import { collect, git, temporaryStore, workTree } from './support.ts'

describe('making repositories', () => {
  let disk: Awaited<ReturnType<typeof temporaryStore>>
  beforeAll(async () => {
    disk = await temporaryStore()
  })
  afterAll(() => disk.close())

  const sourceTree = (branch?: string) => workTree(join(disk.directory, `source-${randomUUID()}`), { branch })
  const refsOf = (project: string) =>
    git(disk.directory, ['--git-dir', join(disk.root, `${project}.git`), 'for-each-ref', '--format=%(refname)'])

  test('an empty project has a main branch with one commit', async () => {
    const project = randomUUID()
    const { defaultBranch, headSha } = await disk.store.create(project, { kind: 'empty' })
    expect(defaultBranch).toBe('main')
    expect(await disk.store.log(project, { head: headSha })).toMatchObject([
      { subject: 'Start the project', parents: [] },
    ])
  })

  test("a directory's files become the first commit, with their modes and without what they ignore", async () => {
    const path = join(disk.directory, 'sample')
    await mkdir(join(path, 'src'), { recursive: true })
    await writeFile(join(path, 'src', 'run.sh'), '#!/bin/sh\n')
    await chmod(join(path, 'src', 'run.sh'), 0o755)
    await writeFile(join(path, '.gitignore'), 'ignored\n')
    await writeFile(join(path, 'ignored'), 'x')
    const project = randomUUID()
    const { headSha } = await disk.store.create(project, { kind: 'directory', path })
    const repository = join(disk.root, `${project}.git`)
    const listed = await git(disk.directory, [
      '--git-dir',
      repository,
      'ls-tree',
      '-r',
      '--format=%(objectmode) %(path)',
      headSha,
    ])
    expect(listed.split('\n')).toEqual(['100644 .gitignore', '100755 src/run.sh'])
  })

  test('an import brings all branches, tags and history, and keeps the name of the default branch', async () => {
    const source = await sourceTree('trunk')
    await source.commit({ 'a.txt': 'a' }, 'First')
    const head = await source.commit({ 'a.txt': 'b' }, 'Second')
    await source.git(['branch', 'other', 'HEAD~1'])
    await source.git(['branch', 'tasks/1-theirs'])
    await source.git(['tag', '-a', 'v1', '-m', 'One'])
    await source.git(['update-ref', 'refs/slipway/x/e1', head])
    const project = randomUUID()
    expect(await disk.store.create(project, { kind: 'git', url: `file://${source.path}` })).toEqual({
      defaultBranch: 'trunk',
      headSha: head,
    })
    expect((await refsOf(project)).split('\n')).toEqual(['refs/heads/other', 'refs/heads/trunk', 'refs/tags/v1'])
    expect((await disk.store.log(project, { head })).map(commit => commit.subject)).toEqual(['Second', 'First'])
    expect(await disk.store.resolve(project, 'HEAD')).toBe(head)
  })

  test('a source without commits starts like an empty project', async () => {
    const source = await sourceTree('trunk')
    const project = randomUUID()
    const { defaultBranch } = await disk.store.create(project, { kind: 'git', url: source.path })
    expect(defaultBranch).toBe('main')
    expect(await refsOf(project)).toBe('refs/heads/main')
  })

  test('a source whose HEAD is on no branch gets a default branch all the same', async () => {
    const source = await sourceTree('work')
    const first = await source.commit({ a: '1' })
    await source.commit({ a: '2' })
    await source.git(['checkout', '--quiet', '--detach', first])
    const project = randomUUID()
    const { defaultBranch, headSha } = await disk.store.create(project, { kind: 'git', url: source.path })
    expect([defaultBranch, headSha]).toEqual(['main', first])
    expect((await refsOf(project)).split('\n')).toEqual(['refs/heads/main', 'refs/heads/work'])
  })

  test('old histories with odd dates and names are taken', async () => {
    const source = await sourceTree()
    const tree = await source.git(['mktree'], '')
    const raw = `tree ${tree}\nauthor A<a@b> 1 +051800\ncommitter A <a@b> 1 +051800\n\nold\n`
    const sha = await source.git(['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'], raw)
    await source.git(['update-ref', 'refs/heads/main', sha])
    const project = randomUUID()
    expect((await disk.store.create(project, { kind: 'git', url: source.path })).headSha).toBe(sha)
    expect(await disk.store.log(project, { head: sha })).toHaveLength(1)
  })

  test('a history with dangerous trees is not, and leaves nothing', async () => {
    const source = await sourceTree()
    const blob = await source.git(['hash-object', '-w', '--stdin'], 'x')
    const entry = Buffer.concat([Buffer.from('100644 .git\0'), Buffer.from(blob, 'hex')])
    const tree = await source.git(['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], entry)
    const sha = await source.git(['commit-tree', tree, '-m', 'Bad'])
    await source.git(['update-ref', 'refs/heads/main', sha])
    const project = randomUUID()
    const refused = disk.store.create(project, { kind: 'git', url: source.path })
    await expect(refused).rejects.toMatchObject({
      code: 'source_failed',
      message: expect.stringContaining('hasDotgit'),
    })
    expect(await readdir(join(disk.root, '.scratch'))).toEqual([])
    await expect(disk.store.resolve(project, 'main')).rejects.toMatchObject({ code: 'no_repository' })
  })

  test("the source's hooks and configuration never run", async () => {
    const source = await sourceTree()
    await source.commit({ a: 'x' })
    const canary = join(disk.directory, 'canary')
    for (const hook of ['pre-receive', 'post-checkout', 'reference-transaction', 'post-update', 'pre-auto-gc']) {
      await writeFile(join(source.path, '.git', 'hooks', hook), `#!/bin/sh\ntouch ${canary}\n`)
      await chmod(join(source.path, '.git', 'hooks', hook), 0o755)
    }
    for (const name of [
      'core.fsmonitor',
      'core.sshCommand',
      'core.pager',
      'uploadpack.packObjectsHook',
      'diff.external',
    ]) {
      await source.git(['config', name, `touch ${canary}; false`])
    }
    const project = randomUUID()
    const { headSha } = await disk.store.create(project, { kind: 'git', url: source.path })
    await collect(await disk.store.bundle(project, { want: headSha, have: [] }))
    await expect(stat(canary)).rejects.toMatchObject({ code: 'ENOENT' })
    const config = await readFile(join(disk.root, `${project}.git`, 'config'), 'utf8')
    expect(config).not.toContain('canary')
    expect(config).not.toContain(source.path)
  })

  test('what fails tells the words of git without credentials and leaves nothing behind', async () => {
    const server = createServer((_req, res) => res.writeHead(404).end())
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const project = randomUUID()
    const url = `https://me:s3cret@127.0.0.1:${port}/x.git`
    const failed = await disk.store.create(project, { kind: 'git', url }).catch(error => error)
    expect(failed).toMatchObject({ code: 'source_failed' })
    expect(failed.message).toContain('could not be cloned')
    expect(failed.message).not.toContain('s3cret')
    expect(await readdir(join(disk.root, '.scratch'))).toEqual([])
    expect((await readdir(disk.root)).some(name => name.startsWith(project))).toBe(false)
    await new Promise(resolve => server.close(resolve))
  })

  test('a project is made once; a removed one can be made again', async () => {
    const project = randomUUID()
    await disk.store.create(project, { kind: 'empty' })
    await expect(disk.store.create(project, { kind: 'empty' })).rejects.toMatchObject({ code: 'exists' })
    await disk.store.remove(project)
    await disk.store.remove(project)
    await expect(disk.store.resolve(project, 'main')).rejects.toMatchObject({ code: 'no_repository' })
    await disk.store.create(project, { kind: 'empty' })
  })

  test('a repository beyond the bound is not taken', async () => {
    const small = await temporaryStore({ limits: { treeFiles: 3 } })
    const source = await sourceTree()
    await source.commit({ a: '1', b: '2', c: '3', d: '4' })
    await expect(small.store.create('p', { kind: 'git', url: source.path })).rejects.toMatchObject({
      code: 'too_large',
    })
    expect(await readdir(small.root)).toEqual(['.scratch'])
    await small.close()
  })

  test('a sweep removes what a crash left, and nothing that is in use', async () => {
    const project = randomUUID()
    const { headSha } = await disk.store.create(project, { kind: 'empty' })
    const repository = join(disk.root, `${project}.git`)
    const old = new Date(Date.now() - 3 * 3600_000)
    const stale = [
      join(disk.root, '.scratch', 'half'),
      join(repository, 'refs', 'heads', 'main.lock'),
      join(repository, 'packed-refs.lock'),
      join(repository, 'objects', 'pack', 'pack-half.keep'),
    ]
    for (const path of stale) {
      await writeFile(path, '')
      await utimes(path, old, old)
    }
    const fresh = join(disk.root, '.scratch', 'fresh')
    await mkdir(fresh)
    await disk.store.sweep()
    for (const path of stale) await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await stat(fresh)).isDirectory()).toBe(true)
    expect(await disk.store.resolve(project, 'main')).toBe(headSha)
  })
})

describe('sources', () => {
  test.each([
    ['https://example.org/a/b.git', 'https'],
    ['https://user:token@example.org:8443/a', 'https'],
    ['ssh://git@example.org:22/a/b.git', 'ssh'],
    ['git@example.org:a/b.git', 'ssh'],
    ['git://example.org/a.git', 'git'],
  ])('%s may be cloned', (url, protocol) => {
    expect(parseSource(url, false)).toEqual({ url, protocol })
  })

  test.each([
    '',
    'ext::sh -c id',
    'ext::id',
    'fd::7',
    'https::https://example.org/a',
    '-uid',
    '--upload-pack=id',
    'ssh://-oProxyCommand=id/a',
    'ssh://-oProxyCommand=id@host/a',
    'ssh://%2doProxyCommand=id/a',
    '-oProxyCommand=id:a',
    'git@host:-a',
    'git@-oProxyCommand=id:a',
    'git@-host:a',
    'host:a',
    'https://example.org/a\nb',
    'https://example.org/a b',
    'https://example.org/a\u0000',
    'http://example.org/a.git',
    'ftp://example.org/a.git',
    'javascript:alert(1)//',
    'https://',
    'https:///a',
    'https://example.org',
    '/etc',
    './a',
    '../a',
    'a/b',
    'file:///etc',
    'FILE:///etc',
    `https://example.org/${'a'.repeat(2000)}`,
  ])('%.60j is refused before anything runs', url => {
    expect(() => parseSource(url, false)).toThrow(expect.objectContaining({ code: 'invalid_source' }))
  })

  test.each(['ext::id', '-u', './a', 'a/b', 'http://example.org/a.git'])(
    '%j is refused also where local paths are allowed',
    url => {
      expect(() => parseSource(url, true)).toThrow(expect.objectContaining({ code: 'invalid_source' }))
    },
  )

  test('local paths and file URLs need to be allowed', () => {
    expect(parseSource('/a/b', true)).toEqual({ url: '/a/b', protocol: 'file' })
    expect(parseSource('file:///a/b', true)).toEqual({ url: 'file:///a/b', protocol: 'file' })
  })

  test('a store that does not allow them refuses a local path', async () => {
    const disk = await temporaryStore({ allowLocalSources: false })
    await expect(disk.store.create('p', { kind: 'git', url: disk.directory })).rejects.toMatchObject({
      code: 'invalid_source',
    })
    await disk.close()
  })
})
