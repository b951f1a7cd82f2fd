import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CheckpointRef } from '../../shared/contract/runner.ts'
import { LIMITS } from '../../shared/domain/limits.ts'
import { packOf } from './bundle.ts'
import { createGit, type Git, GitFailed } from './git.ts'
import { type SnapshotLimits, survey } from './survey.ts'
import { clip, size } from './text.ts'

const run = promisify(execFile)
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
const TIP = 'refs/slipway/tip'
const AUTHOR = { name: 'Slipway', email: 'agent@slipway.invalid' }
const NOTE_CHARS = 4_000
const BRANCH = 'refs/heads/task'
const CONFIG = '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n'

/**
 * What a checkpoint came to. `ref` is absent when the tree did not change, or with `problem`, which says why a changed tree
 * could not be saved; `bundle` is the file that holds `parent..sha`. `note` names what was left out.
 */
export type Checkpoint = { ref?: CheckpointRef; bundle?: string; note?: string; problem?: string }

export type Workspace = {
  /** The work tree. */
  root: string
  /** A git bound to the runner's own repository and index over the work tree. */
  git: Git
  /** Writes out `base` from the bundle; `readOnly` takes the right to write away from all of it. @returns the number of files */
  open(base: string | null, bundle: AsyncIterable<Uint8Array> | null, options?: { readOnly?: boolean }): Promise<number>
  /** Commits the work tree as it is on top of the last checkpoint. */
  checkpoint(message: string): Promise<Checkpoint>
  /** Puts the work tree back to the last checkpoint; ignored files stay. */
  restore(): Promise<void>
}

export type WorkspaceDeps = {
  root: string
  /** A folder outside of the work tree for the runner's repository. */
  state: string
  limits?: Partial<SnapshotLimits>
}

/**
 * The work tree and the runner's own bare repository over it, with its own index: whatever happens to the `.git` in the work
 * tree, which is there for the agent alone, checkpoints go on.
 */
export function createWorkspace({ root, state, limits }: WorkspaceDeps): Workspace {
  const gitDir = join(state, 'git')
  const index = join(state, 'index')
  const bundleFile = join(state, 'checkpoint.bundle')
  const git = createGit({
    cwd: root,
    env: {
      GIT_DIR: gitDir,
      GIT_WORK_TREE: root,
      GIT_INDEX_FILE: index,
      GIT_AUTHOR_NAME: AUTHOR.name,
      GIT_AUTHOR_EMAIL: AUTHOR.email,
      GIT_COMMITTER_NAME: AUTHOR.name,
      GIT_COMMITTER_EMAIL: AUTHOR.email,
    },
  })
  const bounds: SnapshotLimits = {
    fileBytes: LIMITS.frames.bundleBytes / 4,
    totalBytes: LIMITS.frames.bundleBytes,
    files: 50_000,
    bundleBytes: LIMITS.frames.bundleBytes,
    ...limits,
  }
  let last: string | null = null
  let lastTree: string | null = null

  async function say(args: string[]): Promise<string> {
    return (await git(args)).text.trim()
  }

  async function open(
    base: string | null,
    bundle: AsyncIterable<Uint8Array> | null,
    { readOnly = false }: { readOnly?: boolean } = {},
  ): Promise<number> {
    await makeRepository(gitDir, CONFIG)
    if (bundle) await git(['index-pack', '--stdin'], { input: packOf(bundle) })
    if (base) {
      await git(['update-ref', TIP, `${base}^{commit}`])
      await git(['read-tree', '--reset', '-u', base])
    } else {
      await git(['read-tree', '--empty'])
    }
    last = base
    await makeAgentRepository(base)
    let files = 0
    const countNames = (text: string) => {
      files += text.split('\0').length - 1
      return true
    }
    await git(['ls-files', '-z'], { onText: countNames })
    // Links are not followed: nothing outside of the work tree is touched.
    if (readOnly) await run('chmod', ['-R', 'a-w', root])
    return files
  }

  /** A normal repository for the agent's own `git log` and `git diff`, on the runner's objects. */
  async function makeAgentRepository(base: string | null): Promise<void> {
    const own = join(root, '.git')
    await makeRepository(own, `${CONFIG}[user]\n\tname = ${AUTHOR.name}\n\temail = ${AUTHOR.email}\n`)
    await mkdir(join(own, 'info'))
    await writeFile(join(own, 'objects/info/alternates'), `${join(gitDir, 'objects')}\n`)
    if (!base) return
    await writeFile(join(own, BRANCH), `${base}\n`)
    await copyFile(index, join(own, 'index'))
  }

  async function checkpoint(message: string): Promise<Checkpoint> {
    await rm(`${index}.lock`, { force: true })
    await rm(bundleFile, { force: true })
    await chmod(root, 0o755)
    try {
      const found = await survey(git, root, bounds)
      if (found.problem) return { problem: found.problem }
      if (found.changed === 0) return {}
      return { ...(await commit(message, found.leaveOut)), ...(found.note && { note: found.note }) }
    } catch (error) {
      await dropFailed()
      return { problem: reasonOf(error) }
    }
  }

  async function commit(message: string, leaveOut: string[]): Promise<Checkpoint> {
    const pathspecs = ['.', ...leaveOut.map(path => `:(top,exclude,literal)${path}`)].join('\0')
    const added = await git(['add', '--all', '--ignore-errors', '--pathspec-from-file=-', '--pathspec-file-nul'], {
      input: pathspecs,
      accept: [1],
    })
    // 1: some files cannot be read and are left out. But after a full disk nothing of it can be trusted.
    if (/No space left|unable to write/i.test(added.stderr)) throw new GitFailed(['add'], added.code, added.stderr)
    const unread = added.code === 0 ? undefined : `[not saved: ${clip(added.stderr.trim(), NOTE_CHARS)}]`
    const tree = await say(['write-tree'])
    lastTree ??= last ? await say(['rev-parse', `${last}^{tree}`]) : EMPTY_TREE
    if (tree === lastTree) return unread ? { note: unread } : {}
    const sha = await say(['commit-tree', tree, ...(last ? ['-p', last] : []), '-m', message])
    await git(['update-ref', TIP, sha])
    await git(['bundle', 'create', '--quiet', bundleFile, TIP, ...(last ? [`^${last}`] : [])])
    const { size: bytes } = await stat(bundleFile)
    if (bytes > bounds.bundleBytes) {
      await dropFailed()
      return {
        problem: `the changes since the last checkpoint are ${size(bytes)}, more than ${size(bounds.bundleBytes)}`,
      }
    }
    const ref = { sha, parent: last }
    last = sha
    lastTree = tree
    return { ref, bundle: bundleFile, ...(unread && { note: unread }) }
  }

  /** Frees what a failed checkpoint has written, so that the next one has room: on a full disk, so nothing is written first. */
  async function dropFailed(): Promise<void> {
    for (const file of [bundleFile, index, `${index}.lock`]) await rm(file, { force: true })
    const steps = [
      last ? ['update-ref', TIP, last] : ['update-ref', '-d', TIP],
      ['prune', '--expire=now'],
      last ? ['read-tree', last] : ['read-tree', '--empty'],
    ]
    // A step that fails leaves something broken, which the next checkpoint tells.
    for (const step of steps) await git(step).catch(() => {})
  }

  async function restore(): Promise<void> {
    await rm(`${index}.lock`, { force: true })
    await chmod(root, 0o755)
    await git(last ? ['read-tree', '--reset', '-u', last] : ['read-tree', '--empty'])
    await git(['clean', '-ffdq'])
  }

  return { root, git, open, checkpoint, restore }
}

/** An empty repository in git's first format, as `git init` makes it: written by hand, since every git takes longer than all of it. */
async function makeRepository(gitDir: string, config: string): Promise<void> {
  for (const folder of ['objects/info', 'objects/pack', 'refs/heads']) {
    await mkdir(join(gitDir, folder), { recursive: true })
  }
  await writeFile(join(gitDir, 'HEAD'), `ref: ${BRANCH}\n`)
  await writeFile(join(gitDir, 'config'), config)
}

function reasonOf(error: unknown): string {
  const text = error instanceof GitFailed ? error.stderr.trim() || error.message : String(error)
  const full = /No space left/i.test(text) ? 'there is no space left for it; ' : ''
  return clip(`${full}git said: ${text}`, NOTE_CHARS)
}
