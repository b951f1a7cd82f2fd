import { GitStoreError } from './errors.ts'
import type { Git } from './git.ts'

const IDENTITY = 'Slipway'
const MAIL = 'slipway@localhost'

/** Writes a commit by Slipway and returns its name; `at` (ISO 8601) fixes its time. Moves no ref. */
export async function commitTree(
  git: Git,
  gitDir: string,
  commit: { tree: string; parents: string[]; message: string; at?: string },
  signal?: AbortSignal,
): Promise<string> {
  const env = {
    GIT_AUTHOR_NAME: IDENTITY,
    GIT_AUTHOR_EMAIL: MAIL,
    GIT_COMMITTER_NAME: IDENTITY,
    GIT_COMMITTER_EMAIL: MAIL,
    ...(commit.at === undefined ? {} : datesAt(commit.at)),
  }
  const parents = commit.parents.flatMap(parent => ['-p', parent])
  // A commit cannot hold NUL; git would refuse the whole message for it.
  const input = `${commit.message.replaceAll('\0', '').trimEnd()}\n`
  return git.text(['commit-tree', commit.tree, ...parents, '-F', '-'], { gitDir, env, input, signal })
}

function datesAt(at: string): Record<string, string> {
  const seconds = Math.floor(Date.parse(at) / 1000)
  if (!Number.isSafeInteger(seconds)) throw new GitStoreError('invalid_argument', `Not a time: ${JSON.stringify(at)}`)
  return { GIT_AUTHOR_DATE: `@${seconds} +0000`, GIT_COMMITTER_DATE: `@${seconds} +0000` }
}

/** The commit that a revision means, null if there is none. Throws `invalid_argument` for an option-like revision. */
export async function resolveCommit(
  git: Git,
  gitDir: string,
  rev: string,
  signal?: AbortSignal,
): Promise<string | null> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (rev === '' || rev.startsWith('-') || rev.length > 512 || /[\u0000-\u001f]/.test(rev)) {
    throw new GitStoreError('invalid_argument', `Not a revision: ${JSON.stringify(rev)}`)
  }
  const found = await git.run(['rev-parse', '--verify', '--quiet', `${rev}^{commit}`], {
    gitDir,
    signal,
    accept: [0, 1, 128],
  })
  const sha = found.stdout.toString('utf8').trim()
  return found.code === 0 && sha ? sha : null
}

/** Throws `unknown_commit` unless every one is the full name of a commit in the repository. */
export async function requireCommits(git: Git, gitDir: string, shas: string[], signal?: AbortSignal): Promise<void> {
  const missing = await missingCommits(git, gitDir, shas, signal)
  if (missing.length > 0) throw new GitStoreError('unknown_commit', `No such commit: ${missing.join(', ')}`)
}

/**
 * Does work on commits without asking first whether they are there, as each question to git costs more than most answers: where
 * the work fails and one is not there, that is the error. Throws as `requireCommits` does, and what the work throws.
 */
export async function withCommits<T>(
  git: Git,
  gitDir: string,
  shas: string[],
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  requireNames(shas)
  try {
    return await work()
  } catch (error) {
    signal?.throwIfAborted()
    await requireCommits(git, gitDir, shas, signal)
    throw error
  }
}

function requireNames(shas: string[]): void {
  const wrong = shas.find(sha => !/^[0-9a-f]{40}$/.test(sha))
  if (wrong !== undefined) throw new GitStoreError('invalid_argument', `Not an object name: ${JSON.stringify(wrong)}`)
}

/** Those of the names that no commit in the repository has. Throws `invalid_argument` for what is no full name. */
export async function missingCommits(
  git: Git,
  gitDir: string,
  shas: string[],
  signal?: AbortSignal,
): Promise<string[]> {
  requireNames(shas)
  if (shas.length === 0) return []
  const input = shas.map(sha => `${sha}\n`).join('')
  const types = await git.text(['cat-file', '--batch-check=%(objecttype)'], { gitDir, input, signal })
  const lines = types.split('\n')
  return shas.filter((_, index) => lines[index] !== 'commit')
}

/** Whether `ancestor` is `descendant` or part of its history; both have to exist. */
export async function isAncestorOf(
  git: Git,
  gitDir: string,
  ancestor: string,
  descendant: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', ancestor, descendant]
  return (await git.run(args, { gitDir, signal, accept: [0, 1] })).code === 0
}
