import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { z } from 'zod'
import * as wire from '../../contract/git-store.ts'
import { GitStoreError } from './errors.ts'
import { createRemoteCalls } from './remote-calls.ts'
import type { GitStore } from './types.ts'

/**
 * The git store as workers have it: the API's internal routes with the worker's token. Calls outlive a restart of the
 * API; what still cannot be reached at the deadline throws `unavailable`. After an `unavailable` of `moveRef` look at
 * where the ref stands; every other call can simply be made again.
 * @param deps.url where the API is, without a path
 * @param deps.deadlineMs for one call, repetitions included; default one minute
 * @param deps.transferMs the same for calls that carry a bundle; default ten minutes
 */
export function createRemoteGitStore(deps: {
  url: string
  token: string
  deadlineMs?: number
  transferMs?: number
}): GitStore {
  const { deadlineMs = 60_000, transferMs = 10 * 60_000 } = deps
  const { send } = createRemoteCalls(deps)

  async function ask<S extends z.ZodType>(
    path: string[],
    request: object,
    reply: S,
    signal?: AbortSignal,
  ): Promise<z.infer<S>> {
    return send({
      ...json(path, request),
      withinMs: deadlineMs,
      repeatable: path.at(-1) !== 'move-ref',
      signal,
      read: async response => reply.parse(await response.json()),
    })
  }

  return {
    bundle: (projectId, range, signal) =>
      send({ ...json([projectId, 'bundle'], range), withinMs: transferMs, repeatable: true, signal, read: bodyOf }),

    receive: (projectId, { taskId, epoch, parent, head }, bundle, signal) =>
      send({
        path: `${route([projectId, 'checkpoints', taskId, String(epoch)])}?${new URLSearchParams({ parent, head })}`,
        type: wire.BUNDLE_TYPE,
        body: bundle,
        withinMs: transferMs,
        repeatable: true,
        signal,
        read: async response => wire.ReceiveReply.parse(await response.json()),
      }),

    merge: (projectId, merge, signal) => ask([projectId, 'merge'], merge, wire.MergeResult, signal),
    squash: async (projectId, squash, signal) =>
      (await ask([projectId, 'squash'], squash, wire.SquashReply, signal)).sha,
    moveRef: async (projectId, move, signal) =>
      (await ask([projectId, 'move-ref'], move, wire.MoveRefReply, signal)).moved,
    resolve: async (projectId, rev, signal) =>
      (await ask([projectId, 'resolve'], { rev }, wire.ResolveReply, signal)).sha,
    isAncestor: async (projectId, ancestor, descendant, signal) =>
      (await ask([projectId, 'is-ancestor'], { ancestor, descendant }, wire.IsAncestorReply, signal)).isAncestor,
    dropTaskRefs: async (projectId, taskId, exceptEpoch, signal) => {
      await ask([projectId, 'drop-task-refs'], { taskId, exceptEpoch }, wire.DropTaskRefsReply, signal)
    },
  }
}

function route(segments: string[]): string {
  return segments.map(encodeURIComponent).join('/')
}

function json(path: string[], request: object) {
  return { path: route(path), type: 'application/json', body: Buffer.from(JSON.stringify(request)) }
}

async function bodyOf(response: Response): Promise<Readable> {
  if (!response.body) throw new GitStoreError('failed', 'The git store answered without a bundle')
  return Readable.fromWeb(response.body as ReadableStream)
}
