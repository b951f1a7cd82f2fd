import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { missingCommits, requireCommits } from './commit.ts'
import type { Git } from './git.ts'
import type { Layout } from './layout.ts'
import type { GitStore, GitStoreLimits } from './types.ts'

/** The only ref of every bundle that the store hands out. */
export const TIP = 'refs/slipway/tip'

/**
 * Bundles are a few lines of header and a pack. The header is written here, as `git bundle create` would do it only
 * for a ref that exists, and would refuse to make an empty bundle.
 */
export function createBundling(deps: { git: Git; layout: Layout; limits: GitStoreLimits }): Pick<GitStore, 'bundle'> {
  const { git, layout, limits } = deps

  const bundle: GitStore['bundle'] = async (projectId, { want, have }, signal) => {
    const gitDir = await layout.existing(projectId)
    await requireCommits(git, gitDir, [want], signal)
    const unknown = new Set(await missingCommits(git, gitDir, have, signal))
    const known = have.filter(sha => !unknown.has(sha))

    const revisions = [want, '--not', ...known].map(line => `${line}\n`).join('')
    const flags = ['--stdout', '--revs', '--thin', '--delta-base-offset', '--quiet']
    const call = { gitDir, input: revisions, signal, deadlineMs: limits.httpMs }
    const pack = git.stream(['pack-objects', ...flags], call)
    return prefixed(bundleHeader(want, known), pack)
  }

  return { bundle }
}

function bundleHeader(want: string, have: string[]): string {
  return ['# v2 git bundle', ...have.map(sha => `-${sha}`), `${want} ${TIP}`, '', ''].join('\n')
}

/** A stream with bytes in front; errors and closing go through to both sides. */
function prefixed(head: string, body: Readable): Readable {
  const out = new PassThrough()
  out.write(head)
  pipeline(body, out).catch(() => undefined)
  return out
}
