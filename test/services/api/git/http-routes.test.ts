import { randomBytes, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import express from 'express'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { gitHttpRoutes } from '../../../../services/api/git/http-routes.ts'
import type { TaskState } from '../../../../shared/domain/task-state.ts'
import { judgePush } from '../../../../shared/runtime/git-store/push-rules.ts'
import type { RefUpdate } from '../../../../shared/runtime/git-store/types.ts'
import { git, temporaryStore, workTree } from '../../../shared/runtime/git-store/support.ts'
import { eventually } from '../../../support/eventually.ts'
import { serve } from './support.ts'

const MIB = 1024 * 1024

describe('clone and push over HTTP', () => {
  let disk: Awaited<ReturnType<typeof temporaryStore>>
  let server: Awaited<ReturnType<typeof serve>>
  let project: string
  let main: string
  let url: string
  let taskStates: Map<string, TaskState>
  let pushed: { projectId: string; updates: RefUpdate[] }[]
  let whenPushed: () => Promise<void>

  beforeAll(async () => {
    disk = await temporaryStore({ limits: { pushBytes: 2 * MIB, treeFiles: 50 } })
    const routes = gitHttpRoutes({
      store: disk.store,
      authorize: async ({ token }, slug) => {
        if (token !== 'token' && token !== 'reader') return 'unauthorized'
        return slug.startsWith('other') ? 'not_found' : { projectId: slug, canPush: token === 'token' }
      },
      mayPush: async (_projectId, updates) => judgePush(updates, { defaultBranch: 'main', taskStates }),
      onPushed: async (projectId, updates) => {
        await whenPushed()
        pushed.push({ projectId, updates })
      },
    })
    server = await serve(express().use('/git', routes))
  })
  afterAll(async () => {
    await server.close()
    await disk.close()
  })
  beforeEach(async () => {
    project = randomUUID()
    taskStates = new Map()
    pushed = []
    whenPushed = async () => undefined
    const source = await workTree(join(disk.directory, `source-${project}`))
    main = await source.commit({ 'a.txt': 'a\n' }, 'First')
    await disk.store.create(project, { kind: 'git', url: source.path })
    url = `${server.url.replace('://', '://anybody:token@')}/git/${project}.git`
  })

  async function clone() {
    const path = join(disk.directory, `clone-${randomUUID()}`)
    await git(disk.directory, ['clone', '--quiet', url, path])
    return workTree(path)
  }

  /** What git says when it fails. */
  const failure = (doing: Promise<string>) =>
    doing.then(
      output => Promise.reject(new Error(`This should have been refused: ${output}`)),
      (error: { stderr: Buffer }) => error.stderr.toString(),
    )

  test('a clone gets main and the branches, and not the hidden refs', async () => {
    await disk.store.moveRef(project, { ref: 'refs/slipway/task/e1', to: main, from: null })
    await disk.store.moveRef(project, { ref: 'refs/heads/tasks/1-first', to: main, from: null })
    const listed = await git(disk.directory, ['ls-remote', url])
    expect(listed).not.toContain('slipway')
    expect(listed).toContain('refs/heads/tasks/1-first')
    const tree = await clone()
    expect(await tree.git(['log', '--format=%s %D'])).toContain('First HEAD -> main')
  })

  test('protocol versions 0 and 2 both work', async () => {
    for (const version of ['0', '2']) {
      expect(await git(disk.directory, ['-c', `protocol.version=${version}`, 'ls-remote', url, 'HEAD'])).toContain(main)
    }
  })

  test('a push moves main forward and is told of', async () => {
    const tree = await clone()
    const head = await tree.commit({ 'b.txt': 'b\n' })
    await tree.git(['push', '--quiet', 'origin', 'HEAD:main', 'HEAD:feature'])
    expect(await disk.store.resolve(project, 'main')).toBe(head)
    expect(pushed).toEqual([
      {
        projectId: project,
        updates: [
          { ref: 'refs/heads/main', old: main, next: head, fastForward: true },
          { ref: 'refs/heads/feature', old: null, next: head, fastForward: true },
        ],
      },
    ])
  })

  test('main never moves back and is never deleted', async () => {
    const tree = await clone()
    await tree.commit({ 'b.txt': 'b\n' })
    await tree.git(['push', '--quiet', 'origin', 'HEAD:main'])
    const ahead = await disk.store.resolve(project, 'main')
    await tree.git(['reset', '--quiet', '--hard', main])
    await tree.commit({ 'c.txt': 'c\n' })
    expect(await failure(tree.git(['push', '--force', 'origin', 'HEAD:main']))).toContain('main only moves forward')
    expect(await failure(tree.git(['push', 'origin', ':main']))).toMatch(
      /cannot be deleted|deletion of the current branch/,
    )
    expect(await disk.store.resolve(project, 'main')).toBe(ahead)
    expect(pushed).toHaveLength(1)
  })

  test("Slipway's own refs and branches without a task are closed, and nothing of the push stays", async () => {
    const tree = await clone()
    const head = await tree.commit({ 'b.txt': 'b\n' })
    for (const ref of [
      'refs/slipway/task/e1',
      'refs/heads/tasks/9-none',
      'refs/heads/tasks',
      'refs/notes/x',
      'refs/replace/x',
    ]) {
      await failure(tree.git(['push', 'origin', `HEAD:${ref}`]))
    }
    expect(await failure(tree.git(['push', 'origin', 'HEAD:main', 'HEAD:refs/heads/tasks/9-none']))).toContain(
      "no task's branch",
    )
    expect(await disk.store.resolve(project, 'main')).toBe(main)
    expect(await disk.store.resolve(project, head)).toBeNull()
    expect(pushed).toEqual([])
  })

  test("a task's branch takes a push when the task is ready or failed, not while it runs", async () => {
    const ref = 'refs/heads/tasks/1-first'
    await disk.store.moveRef(project, { ref, to: main, from: null })
    const tree = await clone()
    const head = await tree.commit({ 'b.txt': 'b\n' })
    taskStates.set(ref, 'active')
    expect(await failure(tree.git(['push', 'origin', `HEAD:${ref}`]))).toContain(
      'is active: push when it is ready or failed',
    )
    expect(await disk.store.resolve(project, ref)).toBe(main)
    taskStates.set(ref, 'ready')
    await tree.git(['push', '--quiet', 'origin', `HEAD:${ref}`])
    expect(await disk.store.resolve(project, ref)).toBe(head)
    expect(pushed.map(push => push.updates[0]?.ref)).toEqual([ref])
  })

  test('a push returns only when it has been told of, and a guard that fails refuses', async () => {
    const tree = await clone()
    await tree.commit({ 'b.txt': 'b\n' })
    let release = () => {}
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    let asked = false
    whenPushed = () => {
      asked = true
      return held
    }
    let returned = false
    const push = tree.git(['push', '--quiet', 'origin', 'HEAD:main']).then(() => {
      returned = true
    })
    await eventually(() => expect(asked).toBe(true))
    expect(returned).toBe(false)
    release()
    await push
    const errors = disk.errors.length
    taskStates = null as unknown as typeof taskStates
    await tree.commit({ 'c.txt': 'c\n' })
    expect(await failure(tree.git(['push', 'origin', 'HEAD:refs/heads/tasks/1-x']))).toContain(
      'could not check this push',
    )
    expect(disk.errors.length).toBe(errors + 1)
  })

  test('two pushes of main at once: one wins, the other is told to fetch', async () => {
    const trees = await Promise.all([clone(), clone()])
    const heads = await Promise.all(trees.map((tree, n) => tree.commit({ [`${n}.txt`]: 'x' })))
    const results = await Promise.allSettled(trees.map(tree => tree.git(['push', '--quiet', 'origin', 'HEAD:main'])))
    expect(results.map(result => result.status).sort()).toEqual(['fulfilled', 'rejected'])
    const winner = heads[results.findIndex(result => result.status === 'fulfilled')]
    expect(await disk.store.resolve(project, 'main')).toBe(winner)
  })

  test('dangerous, too large and too many files are refused', async () => {
    const tree = await clone()
    const blob = await tree.git(['hash-object', '-w', '--stdin'], 'x')
    const entry = Buffer.concat([Buffer.from('100644 .GIT\0'), Buffer.from(blob, 'hex')])
    const evil = await tree.git(['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], entry)
    const commit = await tree.git(['commit-tree', evil, '-p', main, '-m', 'Evil'])
    expect(await failure(tree.git(['push', 'origin', `${commit}:main`]))).toContain('hasDotgit')
    await tree.commit({ 'big.bin': randomBytes(3 * MIB) })
    expect(await failure(tree.git(['push', 'origin', 'HEAD:main']))).toMatch(
      /exceeds maximum allowed size|unpack|index-pack/,
    )
    await tree.git(['reset', '--quiet', '--hard', main])
    await tree.commit(Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`${n}`, `${n}`])))
    expect(await failure(tree.git(['push', 'origin', 'HEAD:main']))).toContain('more than 50 files')
    expect(await disk.store.resolve(project, 'main')).toBe(main)
  })

  test('a large push goes through in chunks, a small one compressed', async () => {
    const tree = await clone()
    const head = await tree.commit({ 'big.bin': randomBytes(MIB + MIB / 2) })
    await tree.git(['-c', 'http.postBuffer=65536', 'push', '--quiet', 'origin', 'HEAD:main'])
    expect(await disk.store.resolve(project, 'main')).toBe(head)
    const body = gzipSync('0000')
    const response = await fetch(`${server.url}/git/${project}.git/git-receive-pack`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from('x:token').toString('base64')}`,
        'content-type': 'application/x-git-receive-pack-request',
        'content-encoding': 'gzip',
      },
      body,
    })
    expect(response.status).toBe(200)
  })

  test('a push whose client goes away in the middle changes nothing and leaves nothing running', async () => {
    const cut = request(`${server.url}/git/${project}.git/git-receive-pack`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from('x:token').toString('base64')}`,
        'content-type': 'application/x-git-receive-pack-request',
        'content-length': '100000',
      },
    })
    cut.on('error', () => undefined)
    const line = `${main} ${'1'.repeat(40)} refs/heads/main\0report-status`
    await new Promise<void>(resolve =>
      cut.write(`${(line.length + 4).toString(16).padStart(4, '0')}${line}0000PACK`, () => resolve()),
    )
    cut.destroy()
    const tree = await clone()
    await tree.commit({ 'b.txt': 'b\n' })
    await tree.git(['push', '--quiet', 'origin', 'HEAD:main'])
    const repository = join(disk.root, `${project}.git`)
    await eventually(async () => {
      expect(
        (await readdir(join(repository, 'objects'))).filter(
          name => name.startsWith('tmp_') || name.startsWith('incoming'),
        ),
      ).toEqual([])
      expect(await gitProcesses(disk.root)).toEqual([])
    })
    expect(pushed).toHaveLength(1)
  })

  test('without a token, with a wrong one, or for somebody else’s project nothing is told', async () => {
    const refs = (path: string, authorization?: string) =>
      fetch(`${server.url}/git/${path}/info/refs?service=git-upload-pack`, {
        headers: authorization ? { authorization } : {},
      })
    const basic = (token: string) => `Basic ${Buffer.from(`x:${token}`).toString('base64')}`
    const anonymous = await refs(`${project}.git`)
    expect(anonymous.status).toBe(401)
    expect(anonymous.headers.get('www-authenticate')).toContain('Basic')
    expect((await refs(`${project}.git`, basic('wrong'))).status).toBe(401)
    expect((await refs(`${project}.git`, 'Bearer token')).status).toBe(401)
    expect((await refs('other.git', basic('token'))).status).toBe(404)
    expect((await refs(`${randomUUID()}.git`, basic('token'))).status).toBe(404)
    expect((await refs('..%2F..%2Fetc.git', basic('token'))).status).toBe(404)
    expect((await refs(project, basic('token'))).status).toBe(404)
  })

  test('a token that may only read clones and does not push', async () => {
    const tree = await clone()
    await tree.commit({ 'b.txt': 'b\n' })
    const readOnly = url.replace(':token@', ':reader@')
    expect(await tree.git(['ls-remote', readOnly, 'main'])).toContain(main)
    expect(await failure(tree.git(['push', readOnly, 'HEAD:main']))).toContain('403')
    expect(await disk.store.resolve(project, 'main')).toBe(main)
  })

  test('files of the repository are not served', async () => {
    const authorization = `Basic ${Buffer.from('x:token').toString('base64')}`
    for (const path of [
      'HEAD',
      'config',
      'objects/info/packs',
      'info/refs',
      'info/refs?service=git-evil',
      'objects/../config',
    ]) {
      const response = await fetch(`${server.url}/git/${project}.git/${path}`, { headers: { authorization } })
      expect([403, 404]).toContain(response.status)
    }
  })
})

/** Ids of git processes that serve repositories below `root`. */
async function gitProcesses(root: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const environments = await Promise.all(ids.map(id => readFile(`/proc/${id}/environ`, 'utf8').catch(() => '')))
  return ids.filter((_, index) => environments[index]?.includes(`GIT_PROJECT_ROOT=${root}`))
}
