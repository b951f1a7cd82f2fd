import type { Readable } from 'node:stream'
import type { MergeResult, Mover } from '../../contract/git-store.ts'
import type { Diff } from '../../contract/task.ts'

export type { Conflict, MergeResult } from '../../contract/git-store.ts'

/** A checkpoint's bundle: a stream is read once, bytes can be sent again when the API was away. */
export type BundleBody = Readable | Uint8Array

/** Where a checkpoint belongs, and between which commits it lies. */
export type Checkpoint = { taskId: string; epoch: number; parent: string; head: string }

/**
 * What workers and the API do with repositories: `createLocalGitStore` on disk (the API only), `createRemoteGitStore`
 * over HTTP (workers). Commits are full object names. Every call throws `GitStoreError` with a stable code:
 * `no_repository`, `unknown_commit`, `invalid_argument`, or what is said below; aborted calls throw the signal's reason.
 */
export type GitStore = {
  /**
   * A git bundle whose only ref `refs/slipway/tip` is `want`. The commits of `have` that the store knows are its
   * prerequisites and are left out with their history; a bundle with nothing to send is valid and empty.
   */
  bundle(projectId: string, range: { want: string; have: string[] }, signal?: AbortSignal): Promise<Readable>

  /**
   * Takes a bundle that an agent's container made, through a quarantine under `fsck`, and sets
   * `refs/slipway/<taskId>/e<epoch>` to `head`. The same once more does nothing.
   * Throws `bundle_rejected` (damaged, forged, incomplete), `not_descendant` (head does not come from parent),
   * `too_large`, `fenced` (remote only: the epoch is over).
   */
  receive(
    projectId: string,
    checkpoint: Checkpoint,
    bundle: BundleBody,
    signal?: AbortSignal,
  ): Promise<{ ref: string; head: string }>

  /**
   * Merges the heads onto `into`, in order, without a work tree: one merge commit for each that is not an ancestor of it or of another
   * head. Moves no ref. `at` (ISO 8601) fixes the commits' time, so that the same merge gives the same commit. It ends at the first
   * conflict; with `keepConflicts` it commits the files with git's conflict markers in them and goes on, and also names what earlier such
   * merges, part of the heads' own history, have left in them and nobody has settled.
   */
  merge(
    projectId: string,
    merge: { into: string; heads: string[]; message: string; at?: string; keepConflicts?: boolean },
    signal?: AbortSignal,
  ): Promise<MergeResult>

  /** One commit on `base` with the tree of `head`, also where that changes nothing. Moves no ref. Returns its name. */
  squash(
    projectId: string,
    squash: { base: string; head: string; message: string; at?: string },
    signal?: AbortSignal,
  ): Promise<string>

  /**
   * Compare-and-swap of a branch or of a ref below `refs/slipway`: true if it pointed to `from` (null: did not exist)
   * and now points to `to`; false, and nothing changed, if it did not. `by` is the claim that its mover holds.
   * Throws `fenced` (remote only: that claim is over).
   */
  moveRef(
    projectId: string,
    move: { ref: string; to: string; from: string | null; by?: Mover },
    signal?: AbortSignal,
  ): Promise<boolean>

  /** The commit that a revision (full ref, branch, object name) means, null if none. */
  resolve(projectId: string, rev: string, signal?: AbortSignal): Promise<string | null>

  /** Whether `ancestor` is `descendant` or part of its history. */
  isAncestor(projectId: string, ancestor: string, descendant: string, signal?: AbortSignal): Promise<boolean>

  /** Deletes the checkpoint refs of a task, all or all but those of one epoch. */
  dropTaskRefs(projectId: string, taskId: string, exceptEpoch?: number, signal?: AbortSignal): Promise<void>
}

/** What a new project starts from. A directory's files become the first commit. */
export type Source = { kind: 'empty' } | { kind: 'directory'; path: string } | { kind: 'git'; url: string }

/** A commit in a list; `at` is the committer's time, ISO 8601. */
export type CommitInfo = {
  sha: string
  parents: string[]
  author: { name: string; email: string }
  at: string
  subject: string
  body: string
}

/** What a push wants of one ref. `old` null: it is new; `next` null: it goes. `fastForward`: nothing is lost by it. */
export type RefUpdate = { ref: string; old: string | null; next: string | null; fastForward: boolean }

/** Whether a push is let in; the reason is one line for the person who pushed. */
export type Verdict = { ok: true } | { ok: false; reason: string }

/** Who decides about a push and hears of it; both are awaited while the client waits. */
export type PushGuard = {
  mayPush(updates: RefUpdate[]): Promise<Verdict>
  onPushed(updates: RefUpdate[]): Promise<void>
}

/** A request of git's smart HTTP protocol. `advertise` is `GET info/refs`, else it is the POST. */
export type SmartRequest = {
  service: 'git-upload-pack' | 'git-receive-pack'
  advertise: boolean
  contentType?: string
  contentEncoding?: string
  /** The `Git-Protocol` header. */
  protocol?: string
  body: Readable
}

export type SmartResponse = { status: number; headers: [name: string, value: string][]; body: Readable }

/** The store on disk: what only the API does. */
export type LocalGitStore = GitStore & {
  /**
   * Makes the project's repository; whatever fails leaves nothing behind.
   * Throws `exists`, `invalid_source` (the URL is refused before anything runs), `source_failed` (git's words).
   */
  create(projectId: string, source: Source, signal?: AbortSignal): Promise<{ defaultBranch: string; headSha: string }>
  /** Deletes the repository; one that is not there is fine. */
  remove(projectId: string): Promise<void>
  /** The difference of two trees as the API shows it, bounded: `truncated` says that something was left out. */
  diff(projectId: string, range: { base: string; head: string }, signal?: AbortSignal): Promise<Diff>
  /** The same as a patch that `git apply` takes. */
  patch(projectId: string, range: { base: string; head: string }, signal?: AbortSignal): Promise<Readable>
  /** Commits of `head`, newest first, without those of `base`. */
  log(
    projectId: string,
    range: { head: string; base?: string; limit?: number; firstParent?: boolean },
    signal?: AbortSignal,
  ): Promise<CommitInfo[]>
  /** Answers a clone, fetch or push. Pushes need a guard; without one they are refused. */
  http(projectId: string, request: SmartRequest, guard: PushGuard | null, signal?: AbortSignal): Promise<SmartResponse>
  /** Removes what crashes left: half-made repositories, quarantines, stale locks. Call once before serving. */
  sweep(): Promise<void>
  /** Settles when no housekeeping runs beside the calls; await it before deleting the store's directory. */
  idle(): Promise<void>
}

/** Bounds of what the store takes in and hands out. */
export type GitStoreLimits = {
  /** Largest bundle of a checkpoint. */
  bundleBytes: number
  /** Most paths that one checkpoint may change. */
  changedFiles: number
  /** Most files that any tree which comes in may hold. */
  treeFiles: number
  /** Largest file of a checkpoint. */
  fileBytes: number
  /** Longest path of a checkpoint, in bytes. */
  pathBytes: number
  /** Largest pack of one push. */
  pushBytes: number
  /** Largest repository to import. */
  importBytes: number
  /** Time for an import. */
  importMs: number
  /** Time for one clone, fetch or push. */
  httpMs: number
  /** Time for any other call. */
  callMs: number
  /** Most files of a diff, and bytes of its hunks. */
  diffFiles: number
  diffBytes: number
}
