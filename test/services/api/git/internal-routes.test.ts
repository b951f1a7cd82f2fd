import { randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import express from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { internalGitRoutes } from '../../../../services/api/git/internal-routes.ts'
import { GIT_STORE_BASE } from '../../../../shared/contract/git-store.ts'
import { Fenced } from '../../../../shared/runtime/git-store/errors.ts'
import { createRemoteGitStore } from '../../../../shared/runtime/git-store/remote.ts'
import type { GitStore } from '../../../../shared/runtime/git-store/types.ts'
import { behavesAsGitStore } from '../../../shared/runtime/git-store/behaviour.ts'
import { collect, temporaryStore, workTree } from '../../../shared/runtime/git-store/support.ts'
import { serve } from './support.ts'

const MIB = 1024 * 1024

/** A store behind the internal routes. `lives` says which epoch of a task is current. */
async function behindRoutes(
  options: { lives?: (taskId: string, epoch: number) => boolean; bundleBytes?: number } = {},
) {
  const disk = await temporaryStore({ limits: options.bundleBytes ? { bundleBytes: options.bundleBytes } : {} })
  const routes = internalGitRoutes({
    store: disk.store,
    authorizeWorker: async token => token === 'worker-token',
    isCurrentEpoch: async (taskId, epoch) => options.lives?.(taskId, epoch) ?? true,
    isCurrentLine: async (projectId, epoch) => options.lives?.(projectId, epoch) ?? true,
  })
  const server = await serve(express().use(GIT_STORE_BASE, routes))
  const store = createRemoteGitStore({ url: server.url, token: 'worker-token' })
  const close = async () => {
    await server.close()
    await disk.close()
  }
  return { store, local: disk.store, directory: disk.directory, url: server.url, close }
}

behavesAsGitStore('the git store over HTTP', behindRoutes)

describe('the internal routes', () => {
  let routes: Awaited<ReturnType<typeof behindRoutes>>
  let project: string
  let main: string

  beforeAll(async () => {
    routes = await behindRoutes({ lives: (_taskId, epoch) => epoch === 7, bundleBytes: 4 * MIB })
    project = randomUUID()
    main = (await routes.local.create(project, { kind: 'empty' })).headSha
  })
  afterAll(() => routes.close())

  test('a checkpoint of an epoch that is over is fenced, however large it is', async () => {
    const checkpoint = { taskId: 'task', epoch: 6, parent: main, head: main }
    const large = () => Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(MIB, 1)))
    await expect(routes.store.receive(project, checkpoint, large())).rejects.toBeInstanceOf(Fenced)
    await expect(routes.store.receive(project, checkpoint, Buffer.from('small'))).rejects.toMatchObject({
      code: 'fenced',
    })
    expect(await routes.local.resolve(project, 'refs/slipway/task/e6')).toBeNull()
  })

  test.each([
    ['a task', { taskId: 'task', epoch: 6 }, { taskId: 'task', epoch: 7 }],
    ['a line of applies', { lineEpoch: 6 }, { lineEpoch: 7 }],
  ])('a ref that is moved for %s is fenced once its epoch is over', async (what, late, current) => {
    const ref = `refs/heads/moved-for-${what.replaceAll(' ', '-')}`
    const move = { ref, to: main, from: null }
    await expect(routes.store.moveRef(project, { ...move, by: late })).rejects.toBeInstanceOf(Fenced)
    expect(await routes.local.resolve(project, ref)).toBeNull()
    expect(await routes.store.moveRef(project, { ...move, by: current })).toBe(true)
  })

  test('a bundle beyond the bound is answered, not cut off', async () => {
    const tree = await workTree(join(routes.directory, 'large'))
    await tree.load(await routes.store.bundle(project, { want: main, have: [] }), main)
    const head = await tree.commit({ 'large.bin': randomBytes(32 * MIB) })
    const bundle = await tree.bundle(head, main)
    const checkpoint = { taskId: 'task', epoch: 7, parent: main, head }
    await expect(routes.store.receive(project, checkpoint, Readable.from(bundle))).rejects.toMatchObject({
      code: 'too_large',
    })
    await expect(routes.store.receive(project, checkpoint, bundle)).rejects.toMatchObject({ code: 'too_large' })
    const notOne = Buffer.concat([Buffer.from(`# v2 git bundle\n${head} refs/x\n\n`), bundle])
    await expect(routes.store.receive(project, checkpoint, notOne)).rejects.toMatchObject({ code: 'bundle_rejected' })
    expect(await routes.store.resolve(project, head)).toBeNull()
  })

  test('only workers are let in', async () => {
    const stranger = createRemoteGitStore({ url: routes.url, token: 'wrong' })
    await expect(stranger.resolve(project, 'main')).rejects.toMatchObject({ code: 'unauthorized' })
    const anonymous = await fetch(`${routes.url}${GIT_STORE_BASE}/${project}/resolve`, { method: 'POST' })
    expect(anonymous.status).toBe(401)
    expect(anonymous.headers.get('content-type')).toContain('application/problem+json')
  })

  test('malformed requests are answered with what is wrong', async () => {
    const post = (path: string, body: string) =>
      fetch(`${routes.url}${GIT_STORE_BASE}/${path}`, {
        method: 'POST',
        headers: { authorization: 'Bearer worker-token', 'content-type': 'application/json' },
        body,
      })
    for (const [path, body] of [
      [`${project}/resolve`, '{'],
      [`${project}/resolve`, '{}'],
      [`${project}/merge`, '{"into":"main","heads":[],"message":""}'],
      [`..%2Fother/resolve`, '{"rev":"main"}'],
      [`${project}/checkpoints/task/x?parent=1&head=2`, ''],
    ] as const) {
      const response = await post(path, body)
      expect([path, response.status]).toEqual([path, 400])
      expect(await response.json()).toMatchObject({ code: 'invalid_argument', status: 400 })
    }
  })
})

describe('a worker whose API is away', () => {
  test('calls again until the API is back', async () => {
    const disk = await temporaryStore()
    const project = randomUUID()
    const { headSha } = await disk.store.create(project, { kind: 'empty' })
    const routes = internalGitRoutes({
      store: disk.store,
      authorizeWorker: async () => true,
      isCurrentEpoch: async () => true,
      isCurrentLine: async () => true,
    })
    const app = express().use(GIT_STORE_BASE, routes)
    let broken = 0
    const server = createServer((req, res) => {
      if (broken++ < 2) req.socket.destroy()
      else if (broken === 3) res.writeHead(503).end()
      else app(req, res)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const store = createRemoteGitStore({ url: `http://127.0.0.1:${port}`, token: 't' })
    expect(await store.resolve(project, 'main')).toBe(headSha)
    expect(broken).toBe(4)
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    await disk.close()
  })

  test('hears "unavailable" at its deadline, and at once where a repetition could do harm', async () => {
    let calls = 0
    const server = createServer(req => {
      calls++
      req.socket.destroy()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const store: GitStore = createRemoteGitStore({ url: `http://127.0.0.1:${port}`, token: 't', deadlineMs: 500 })
    const sha = '1'.repeat(40)
    await expect(store.moveRef('p', { ref: 'refs/heads/x', to: sha, from: null })).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(calls).toBe(1)
    await expect(store.resolve('p', 'main')).rejects.toMatchObject({ code: 'unavailable' })
    expect(calls).toBeGreaterThan(2)
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })

  test('a bundle that breaks off is an error, never half a bundle', async () => {
    const server = createServer((_req, res) => {
      res.writeHead(200, { 'content-type': 'application/x-git-bundle' })
      res.write('# v2 git bundle\n', () => res.destroy())
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const store = createRemoteGitStore({ url: `http://127.0.0.1:${port}`, token: 't' })
    await expect(store.bundle('p', { want: '1'.repeat(40), have: [] }).then(collect)).rejects.toThrow()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
})
