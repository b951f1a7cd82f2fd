import type { Git, GitCall } from './git.ts'
import { mergeTrees } from './merge-trees.ts'
import type { Conflict } from './types.ts'

/** More merges than the tasks of one pipeline can bring; what an agent's own commits add to them is not gone through without end. */
const MOST_MERGES = 200
const NAMES_BYTES = 64 * 1024 * 1024

/** A larger file counts as settled once it was touched: nobody reads it for markers. */
const READ_FILES = 'core.bigFileThreshold=16m'

/** A merge that was committed with its conflicts, and the tree that git left of it. */
type KeptMerge = { ours: string; theirs: string; tree: string; files: string[] }

/**
 * Conflicts that earlier merges, between `into` and the heads, have committed and that still stand in `tip`: nobody has touched the file
 * since, or git's markers are still in it. What one merge left is found by doing it again, so there is nothing to write down about it.
 * A file of `into` that happens to hold markers is none.
 */
export async function unsettledConflicts(
  git: Git,
  gitDir: string,
  { into, heads, tip }: { into: string; heads: readonly string[]; tip: string },
  signal?: AbortSignal,
): Promise<Conflict[]> {
  const call: GitCall = { gitDir, signal, maxOutputBytes: NAMES_BYTES }
  const found = new Map<string, Set<string>>()
  const merges = await keptMerges(git, gitDir, { into, heads }, signal)
  const changed = merges.length > 0 ? await changedFiles(git, call, [into, tip]) : new Set<string>()
  for (const merge of merges) {
    const files = await stillIn(git, call, { merge, into, tip, changed })
    if (files.length > 0) found.set(merge.theirs, new Set([...(found.get(merge.theirs) ?? []), ...files]))
  }
  return [...found].map(([head, files]) => ({ head, files: [...files] }))
}

async function keptMerges(
  git: Git,
  gitDir: string,
  { into, heads }: { into: string; heads: readonly string[] },
  signal?: AbortSignal,
): Promise<KeptMerge[]> {
  const flags = ['--parents', '--min-parents=2', '--max-parents=2', `--max-count=${MOST_MERGES}`]
  const range = ['--topo-order', '--reverse', ...heads, `^${into}`, '--']
  const listed = await git.text(['rev-list', ...flags, ...range], { gitDir, signal })
  const kept: KeptMerge[] = []
  for (const line of listed.split('\n').filter(Boolean)) {
    const [, ours = '', theirs = ''] = line.split(' ')
    const { tree, files } = await mergeTrees(git, gitDir, [ours, theirs], signal)
    if (files) kept.push({ ours, theirs, tree, files })
  }
  return kept
}

/** Its files that are as git left them, and whatever holds its markers, also where a file was moved. */
async function stillIn(
  git: Git,
  call: GitCall,
  { merge, into, tip, changed }: { merge: KeptMerge; into: string; tip: string; changed: ReadonlySet<string> },
): Promise<string[]> {
  const { ours, theirs, tree, files } = merge
  const markers = `-G^(<+ ${ours}|>+ ${theirs})`
  const touched = await changedFiles(git, call, [tree, tip])
  const marked = await changedFiles(git, { ...call, config: [READ_FILES] }, [markers, into, tip])
  // A file that is in neither tree is untouched too, as the old name is of one that both sides have renamed.
  const untouched = files.filter(file => changed.has(file) && !touched.has(file))
  return [...new Set([...untouched, ...marked])]
}

/** Files that the second tree has, other than the first has them. */
async function changedFiles(git: Git, call: GitCall, args: readonly string[]): Promise<Set<string>> {
  const flags = ['-r', '-z', '--name-only', '--no-renames', '--no-ext-diff', '--no-textconv', '--diff-filter=d']
  const listed = await git.run(['diff-tree', ...flags, ...args], call)
  return new Set(listed.stdout.toString('utf8').split('\0').filter(Boolean))
}
