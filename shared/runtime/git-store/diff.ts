import type { Readable } from 'node:stream'
import type { DiffFile } from '../../contract/task.ts'
import { requireCommits } from './commit.ts'
import { parsePatch } from './diff-patch.ts'
import type { Git, GitCall } from './git.ts'
import type { Layout } from './layout.ts'
import type { GitStoreLimits, LocalGitStore } from './types.ts'

/** No program of a repository's choice runs, and renames are found. */
const SAFE = ['-r', '-M', '--no-ext-diff', '--no-textconv', '--no-color']
const SUMMARY_BYTES = 64 * 1024 * 1024

const STATUS: Readonly<Record<string, DiffFile['status']>> = { A: 'added', D: 'deleted', R: 'renamed' }

/** A file of the diff before its hunks are known; git prints a change of type (file to link) as two patches. */
type Entry = { file: DiffFile; patches: 1 | 2 }

/** Reading the difference of two commits. */
export function createDiffing(deps: {
  git: Git
  layout: Layout
  limits: GitStoreLimits
}): Pick<LocalGitStore, 'diff' | 'patch'> {
  const { git, layout, limits } = deps

  const diff: LocalGitStore['diff'] = async (projectId, { base, head }, signal) => {
    const gitDir = await layout.existing(projectId)
    await requireCommits(git, gitDir, [base, head], signal)
    const call: GitCall = { gitDir, signal, deadlineMs: limits.callMs }
    const all = await entries(base, head, call)
    const shown = all.slice(0, limits.diffFiles)
    const cut = await addHunks(shown, git.stream(['diff-tree', ...SAFE, '--patch', base, head], call))
    const files = shown.map(({ file }) => file)
    return { baseSha: base, headSha: head, files, ...(cut || shown.length < all.length ? { truncated: true } : {}) }
  }

  async function entries(base: string, head: string, call: GitCall): Promise<Entry[]> {
    const summary = await git.run(['diff-tree', ...SAFE, '--raw', '--numstat', '-z', base, head], {
      ...call,
      maxOutputBytes: SUMMARY_BYTES,
    })
    return parseSummary(summary.stdout.toString('utf8').split('\0'))
  }

  /** Gives each file the hunks of its patches, in git's order; true if some did not fit. */
  async function addHunks(shown: Entry[], patch: Readable): Promise<boolean> {
    const owners = shown.flatMap(({ file, patches }) => Array.from({ length: patches }, () => file))
    try {
      return await parsePatch(patch, limits.diffBytes, owners)
    } finally {
      patch.destroy()
    }
  }

  const patch: LocalGitStore['patch'] = async (projectId, { base, head }, signal) => {
    const gitDir = await layout.existing(projectId)
    await requireCommits(git, gitDir, [base, head], signal)
    const flags = [...SAFE, '--patch', '--binary', '--full-index']
    return git.stream(['diff-tree', ...flags, base, head], { gitDir, signal, deadlineMs: limits.callMs })
  }

  return { diff, patch }
}

/** Reads `--raw --numstat -z`: first one record of `:mode mode sha sha status`, paths; then the counts in the same order. */
function parseSummary(tokens: string[]): Entry[] {
  const found: Entry[] = []
  let index = 0
  let counted = 0
  const take = () => tokens[index++] ?? ''
  while (index < tokens.length) {
    const token = take()
    if (token.startsWith(':')) {
      const letter = token.split(' ')[4]?.[0] ?? 'M'
      const first = take()
      const renamed = letter === 'R' ? { oldPath: first, path: take() } : { path: first }
      const status = STATUS[letter] ?? 'modified'
      found.push({
        file: { ...renamed, status, additions: 0, deletions: 0, binary: false, hunks: [] },
        patches: letter === 'T' ? 2 : 1,
      })
    } else if (token !== '') {
      const [additions = '', deletions = '', path = ''] = token.split('\t')
      if (path === '') index += 2
      count(found[counted++]?.file, additions, deletions)
    }
  }
  return found
}

function count(file: DiffFile | undefined, additions: string, deletions: string): void {
  if (!file) return
  if (additions === '-') file.binary = true
  else Object.assign(file, { additions: Number(additions), deletions: Number(deletions) })
}
