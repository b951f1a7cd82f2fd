import { z } from 'zod'
import { Sha } from './common.ts'

/**
 * The git store between workers and the API, below `/internal/v1/repos/:projectId`, with a worker's token as bearer.
 * All are POST with JSON, but for `checkpoints/:taskId/:epoch?parent=&head=`, whose body is the bundle; `bundle`
 * answers with one.
 */
export const GIT_STORE_BASE = '/internal/v1/repos'

/** The media type of a bundle on the wire. */
export const BUNDLE_TYPE = 'application/x-git-bundle'

/** Why the store refused or failed, with the HTTP status that carries it. */
export const GIT_STORE_CODES = {
  invalid_argument: 400,
  invalid_source: 400,
  unauthorized: 401,
  no_repository: 404,
  unknown_commit: 404,
  fenced: 409,
  exists: 409,
  too_large: 413,
  bundle_rejected: 422,
  not_descendant: 422,
  source_failed: 422,
  failed: 500,
  unavailable: 503,
} as const

export type GitStoreCode = keyof typeof GIT_STORE_CODES

export const GitStoreProblem = z.object({
  code: z.enum(Object.keys(GIT_STORE_CODES) as [GitStoreCode, ...GitStoreCode[]]),
  detail: z.string(),
})

/** One path segment: the id of a project or task. */
export const RepoId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'must be an id')
export const Epoch = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

const message = z.string().max(200_000)
const at = z.iso.datetime().optional()

/** Heads that one merge takes, shas that one bundle leaves out. */
const shas = z.array(Sha).max(1_000)

export const BundleRequest = z.strictObject({ want: Sha, have: shas })
export const ReceiveQuery = z.strictObject({ parent: Sha, head: Sha })
export const ReceiveReply = z.object({ ref: z.string(), head: Sha })
export const MergeRequest = z.strictObject({
  into: Sha,
  heads: shas,
  message,
  at,
  keepConflicts: z.boolean().optional(),
})

/** A head that conflicts with what it is merged into, or was when it was merged earlier, and the files in which it does. */
export const Conflict = z.object({ head: Sha, files: z.array(z.string()) })
export type Conflict = z.infer<typeof Conflict>

/**
 * `merged`: `sha` is the last merge commit, or `into` itself when every head was an ancestor already; `merged` are the
 * heads that got a commit, `conflicts` those whose commit holds conflict markers, then those of earlier merges whose conflicts still stand in
 * `sha` (both only with `keepConflicts`). `conflict`: the head that cannot be merged.
 */
export const MergeResult = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('merged'), sha: Sha, merged: z.array(Sha), conflicts: z.array(Conflict) }),
  z.object({ kind: z.literal('conflict'), ...Conflict.shape }),
])
export type MergeResult = z.infer<typeof MergeResult>

export const SquashRequest = z.strictObject({ base: Sha, head: Sha, message, at })
export const SquashReply = z.object({ sha: Sha })
/** The claim under which a ref is moved: a run of a task, or the project's line of applies. */
export const Mover = z.union([z.strictObject({ taskId: RepoId, epoch: Epoch }), z.strictObject({ lineEpoch: Epoch })])
export type Mover = z.infer<typeof Mover>
export const MoveRefRequest = z.strictObject({
  ref: z.string().max(512),
  to: Sha,
  from: Sha.nullable(),
  by: Mover.optional(),
})
export const MoveRefReply = z.object({ moved: z.boolean() })
export const ResolveRequest = z.strictObject({ rev: z.string().min(1).max(512) })
export const ResolveReply = z.object({ sha: Sha.nullable() })
export const IsAncestorRequest = z.strictObject({ ancestor: Sha, descendant: Sha })
export const IsAncestorReply = z.object({ isAncestor: z.boolean() })
export const DropTaskRefsRequest = z.strictObject({ taskId: RepoId, exceptEpoch: Epoch.optional() })
export const DropTaskRefsReply = z.object({})
