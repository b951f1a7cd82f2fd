import { requireCommits } from './commit.ts'
import type { Git } from './git.ts'
import type { Layout } from './layout.ts'
import type { CommitInfo, LocalGitStore } from './types.ts'

const FIELDS = ['%H', '%P', '%an', '%ae', '%ct', '%s', '%b']
const DEFAULT_COMMITS = 100

/** Reading a repository's commits. */
export function createHistory(deps: { git: Git; layout: Layout }): Pick<LocalGitStore, 'log'> {
  const { git, layout } = deps

  const log: LocalGitStore['log'] = async (projectId, { head, base, limit = DEFAULT_COMMITS, firstParent }, signal) => {
    const gitDir = await layout.existing(projectId)
    await requireCommits(git, gitDir, base === undefined ? [head] : [head, base], signal)
    // Fields and commits all end with NUL, the one byte that no part of a commit can hold.
    const flags = ['-z', `--max-count=${limit}`, `--format=tformat:${FIELDS.join('%x00')}`]
    if (firstParent) flags.push('--first-parent')
    const range = base === undefined ? [head] : [head, `^${base}`]
    const output = await git.run(['log', ...flags, ...range, '--'], { gitDir, signal })
    return commits(output.stdout.toString('utf8').split('\0'))
  }

  return { log }
}

function commits(fields: string[]): CommitInfo[] {
  const found: CommitInfo[] = []
  for (let start = 0; start + FIELDS.length <= fields.length; start += FIELDS.length) {
    const [sha = '', parents = '', name = '', email = '', at = '', subject = '', body = ''] = fields.slice(start)
    found.push({
      sha,
      parents: parents.split(' ').filter(parent => parent !== ''),
      author: { name, email },
      at: isoTime(Number(at)),
      subject,
      body: body.trimEnd(),
    })
  }
  return found
}

/** Imported history can carry any number as its time; what no date can show becomes the epoch. */
function isoTime(seconds: number): string {
  const time = new Date(seconds * 1000)
  return Number.isNaN(time.getTime()) ? new Date(0).toISOString() : time.toISOString()
}
