import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import express, { type ErrorRequestHandler, type RequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import * as wire from '../../../shared/contract/git-store.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { Fenced, GitStoreError } from '../../../shared/runtime/git-store/errors.ts'
import type { GitStore } from '../../../shared/runtime/git-store/types.ts'

const ProjectParams = z.object({ projectId: wire.RepoId })
const CheckpointParams = ProjectParams.extend({ taskId: wire.RepoId, epoch: wire.Epoch })

/**
 * The git store for workers, to be mounted at `GIT_STORE_BASE`; `createRemoteGitStore` is its client.
 * @param deps.authorizeWorker whether the bearer token is a worker's
 * @param deps.isCurrentEpoch whether the task is still held under this epoch; else its checkpoints and moves are refused
 * @param deps.isCurrentLine the same for the project's line of applies
 */
export function internalGitRoutes(deps: {
  store: GitStore
  authorizeWorker: (token: string) => Promise<boolean>
  isCurrentEpoch: (taskId: string, epoch: number) => Promise<boolean>
  isCurrentLine: (projectId: string, epoch: number) => Promise<boolean>
}): Router {
  const { store } = deps
  const router = Router()

  router.use(workersOnly(deps.authorizeWorker))
  router.post('/:projectId/checkpoints/:taskId/:epoch', async (req, res) => {
    const { projectId, taskId, epoch } = CheckpointParams.parse(req.params)
    const range = wire.ReceiveQuery.parse(req.query)
    const signal = endOf(res)
    // A bundle that is refused half-way destroys its stream; the request has to survive that, to be answered.
    const bundle = req.pipe(new PassThrough())
    req.once('aborted', () => bundle.destroy(new GitStoreError('bundle_rejected', 'The bundle was cut off')))
    await requireCurrent(projectId, { taskId, epoch })
    res.json(await store.receive(projectId, { taskId, epoch, ...range }, bundle, signal))
  })

  router.use(express.json({ limit: LIMITS.http.jsonBodyBytes }))
  router.post('/:projectId/bundle', async (req, res) => {
    const { projectId } = ProjectParams.parse(req.params)
    const bundle = await store.bundle(projectId, wire.BundleRequest.parse(req.body), endOf(res))
    res.type(wire.BUNDLE_TYPE)
    // A bundle that fails half-way breaks the connection, so that nobody takes half of it for the whole.
    await pipeline(bundle, res).catch(() => res.destroy())
  })

  answer('merge', wire.MergeRequest, (projectId, merge, signal) => store.merge(projectId, merge, signal))
  answer('squash', wire.SquashRequest, async (projectId, squash, signal) => ({
    sha: await store.squash(projectId, squash, signal),
  }))
  answer('move-ref', wire.MoveRefRequest, async (projectId, move) => {
    if (move.by) await requireCurrent(projectId, move.by)
    return { moved: await store.moveRef(projectId, move) }
  })
  answer('resolve', wire.ResolveRequest, async (projectId, { rev }, signal) => ({
    sha: await store.resolve(projectId, rev, signal),
  }))
  answer('is-ancestor', wire.IsAncestorRequest, async (projectId, { ancestor, descendant }, signal) => ({
    isAncestor: await store.isAncestor(projectId, ancestor, descendant, signal),
  }))
  answer('drop-task-refs', wire.DropTaskRefsRequest, async (projectId, { taskId, exceptEpoch }, signal) => {
    await store.dropTaskRefs(projectId, taskId, exceptEpoch, signal)
    return {}
  })
  router.use(problems)
  return router

  async function requireCurrent(projectId: string, by: wire.Mover): Promise<void> {
    if ('lineEpoch' in by) {
      if (await deps.isCurrentLine(projectId, by.lineEpoch)) return
      throw new Fenced(`The line of applies of project ${projectId} is no longer at epoch ${by.lineEpoch}`)
    }
    if (await deps.isCurrentEpoch(by.taskId, by.epoch)) return
    throw new Fenced(`Task ${by.taskId} is no longer at epoch ${by.epoch}`)
  }

  function answer<S extends z.ZodType>(
    name: string,
    schema: S,
    handle: (projectId: string, request: z.infer<S>, signal: AbortSignal) => Promise<object>,
  ): void {
    router.post(`/:projectId/${name}`, async (req, res) => {
      const { projectId } = ProjectParams.parse(req.params)
      res.json(await handle(projectId, schema.parse(req.body), endOf(res)))
    })
  }
}

function workersOnly(authorizeWorker: (token: string) => Promise<boolean>): RequestHandler {
  return async (req, _res, next) => {
    const token = /^Bearer (\S+)$/i.exec(req.get('authorization') ?? '')?.[1]
    if (token === undefined || !(await authorizeWorker(token))) {
      throw new GitStoreError('unauthorized', 'This needs the token of a worker')
    }
    next()
  }
}

/** Aborts when the caller goes away before it has its answer. */
function endOf(res: Response): AbortSignal {
  const gone = new AbortController()
  res.once('close', () => {
    if (!res.writableFinished) gone.abort(new Error('The caller went away'))
  })
  return gone.signal
}

const problems: ErrorRequestHandler = (error, req, res, next) => {
  if (res.headersSent) {
    next(error)
    return
  }
  const known = asStoreError(error)
  if (!known) {
    next(error)
    return
  }
  const status = wire.GIT_STORE_CODES[known.code]
  // What was not read of a refused bundle has to flow off, or the caller never gets to the answer.
  req.resume()
  res
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title: known.code, status, code: known.code, detail: known.message }))
}

function asStoreError(error: unknown): GitStoreError | null {
  if (error instanceof GitStoreError) return error
  if (error instanceof z.ZodError) return new GitStoreError('invalid_argument', z.prettifyError(error))
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  if (status === 413) return new GitStoreError('too_large', 'The request is too large')
  if (status === 400) return new GitStoreError('invalid_argument', 'The request is not JSON')
  return null
}
