import { randomBytes } from 'node:crypto'
import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { Readable } from 'node:stream'
import { openBundle } from './bundle-in.ts'
import { isAncestorOf, missingCommits, requireCommits, resolveCommit } from './commit.ts'
import { GitError, GitStoreError } from './errors.ts'
import type { Git, GitCall } from './git.ts'
import { type Layout, makeQuarantine } from './layout.ts'
import { checkpointRef, swapRef } from './refs.ts'
import { countPaths, requireTreeSize } from './tree-size.ts'
import type { BundleBody, Checkpoint, GitStore, GitStoreLimits } from './types.ts'

/** Most text that lists the objects of one checkpoint: 1.5 million of them. */
const LISTING_BYTES = 64 * 1024 * 1024

/**
 * Taking in what a container made. The bundle is hostile: its pack is indexed under `fsck` in a quarantine that sees the
 * store's objects but writes none of them, is checked there, and only a good pack is moved into the store.
 */
export function createReceiving(deps: {
  git: Git
  layout: Layout
  limits: GitStoreLimits
  /** Hears of every repository that got a pack more. */
  onWrite: (gitDir: string) => void
}): Pick<GitStore, 'receive'> {
  const { git, layout, limits, onWrite } = deps

  const receive: GitStore['receive'] = async (projectId, checkpoint, bundle, signal) => {
    try {
      return await receiveOnce(await layout.existing(projectId), checkpoint, bundle, signal)
    } catch (error) {
      if (bundle instanceof Readable) bundle.destroy()
      throw error
    }
  }

  async function receiveOnce(gitDir: string, checkpoint: Checkpoint, bundle: BundleBody, signal?: AbortSignal) {
    const { taskId, epoch, parent, head } = checkpoint
    const ref = checkpointRef(taskId, epoch)
    await requireCommits(git, gitDir, [parent], signal)
    const before = await resolveCommit(git, gitDir, ref, signal)
    if (before === head) {
      if (bundle instanceof Readable) bundle.resume()
      return { ref, head }
    }
    const moved = await layout.withScratch(async quarantine => {
      await examine(gitDir, quarantine, checkpoint, bundle, signal)
      return migrate(quarantine, gitDir, () => swapRef(git, gitDir, { ref, to: head, from: before }, signal))
    })
    if (!moved) throw new GitStoreError('failed', `${ref} was moved by somebody else at the same time`)
    onWrite(gitDir)
    return { ref, head }
  }

  async function examine(
    store: string,
    quarantine: string,
    checkpoint: Checkpoint,
    bundle: BundleBody,
    signal?: AbortSignal,
  ) {
    await makeQuarantine(quarantine, store)
    const call: GitCall = { gitDir: quarantine, signal, deadlineMs: limits.callMs }
    await index(call, checkpoint, bundle)
    await requireDescent(call, checkpoint)
    await requireBounds(call, checkpoint)
  }

  async function index(call: GitCall, { head }: Checkpoint, bundle: BundleBody): Promise<void> {
    const { tips, pack } = await openBundle(bundle, limits.bundleBytes)
    if (!tips.includes(head)) {
      pack.destroy()
      throw new GitStoreError('bundle_rejected', `The bundle does not hold ${head}`)
    }
    // Large files are written while they are read, not held in memory; one thread, as many tasks do this at once.
    const config = ['core.bigFileThreshold=16m', 'pack.threads=1']
    try {
      await git.run(['index-pack', '--stdin', '--fix-thin', '--strict'], { ...call, config, input: pack })
    } catch (error) {
      throw rejected(error)
    } finally {
      pack.destroy()
    }
  }

  /** Everything that head reaches has to be there, and it has to come from parent. */
  async function requireDescent(call: GitCall, { parent, head }: Checkpoint): Promise<void> {
    const [missing] = await missingCommits(git, call.gitDir ?? '', [head], call.signal)
    if (missing) throw new GitStoreError('bundle_rejected', `The bundle does not hold the commit ${head}`)
    const listing = ['rev-list', '--objects', '--no-object-names', `--filter=blob:limit=${limits.fileBytes + 1}`]
    const walk = git.run([...listing, '--filter-print-omitted', head, `^${parent}`], {
      ...call,
      maxOutputBytes: LISTING_BYTES,
    })
    const objects = await walk.catch(error => Promise.reject(rejected(error)))
    if (objects.stdout.includes('~')) {
      throw new GitStoreError('too_large', `The checkpoint holds a file of more than ${limits.fileBytes} bytes`)
    }
    if (!(await isAncestorOf(git, call.gitDir ?? '', parent, head, call.signal))) {
      throw new GitStoreError('not_descendant', `${head} does not descend from ${parent}`)
    }
  }

  async function requireBounds(call: GitCall, { parent, head }: Checkpoint): Promise<void> {
    // The whole tree first: git lists one while it walks it, but unfolds all of a difference in memory before it prints.
    await requireTreeSize(git, call, head, limits.treeFiles)
    const changed = git.stream(['diff-tree', '-r', '-z', '--no-renames', '--name-only', parent, head], call)
    const paths = await countPaths(changed, limits.changedFiles)
    if (paths.count > limits.changedFiles) {
      throw new GitStoreError('too_large', `The checkpoint changes more than ${limits.changedFiles} files`)
    }
    if (paths.longest > limits.pathBytes) {
      throw new GitStoreError('too_large', `The checkpoint has a path of more than ${limits.pathBytes} bytes`)
    }
  }

  return { receive }
}

/**
 * Moves the pack into the store, the index last: with it the pack begins to count. A repack at the same time takes a pack without its index
 * for one whose objects it knows, and deletes it with what nothing refers to yet; as git does for a push, `.keep` holds it off until `refer`
 * has made a ref. The name is a new one each time, so that no repack is still about to delete what a crash has left of it.
 */
async function migrate<T>(quarantine: string, store: string, refer: () => Promise<T>): Promise<T> {
  const from = join(quarantine, 'objects', 'pack')
  const to = join(store, 'objects', 'pack', `pack-${randomBytes(20).toString('hex')}`)
  const names = await readdir(from)
  const last = (name: string) => (name.endsWith('.idx') ? 1 : 0)
  await writeFile(`${to}.keep`, '')
  try {
    for (const name of names.sort((a, b) => last(a) - last(b))) await rename(join(from, name), to + extname(name))
    return await refer()
  } finally {
    await rm(`${to}.keep`, { force: true })
  }
}

function rejected(error: unknown): unknown {
  if (!(error instanceof GitError)) return error
  return new GitStoreError('bundle_rejected', `The bundle was refused: ${error.stderr || error.message}`, {
    cause: error,
  })
}
