import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GitError, GitStoreError } from './errors.ts'
import { relaxedFsck } from './fsck.ts'
import type { Git, GitCall } from './git.ts'
import { type ParsedSource, parseSource } from './source.ts'
import { guardSource } from './source-guard.ts'
import type { GitStoreLimits } from './types.ts'

const SIZE_CHECK_MS = 500

/** Slipway's own branches are never taken from elsewhere; one named `tasks` would stand in their way. */
const REFSPECS = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*', '^refs/heads/tasks', '^refs/heads/tasks/*']

/**
 * Fetches all branches and tags of another repository into an empty one, without leaving its URL (and credentials) in
 * the configuration. Returns the source's default branch, null when it has no commit.
 * Throws `invalid_source`, `source_failed` with git's words, `too_large`.
 */
export async function importRepository(
  deps: { git: Git; limits: GitStoreLimits; allowLocalSources: boolean; importEnv: Readonly<Record<string, string>> },
  job: { gitDir: string; scratch: string; url: string },
  signal?: AbortSignal,
): Promise<string | null> {
  const { git, limits } = deps
  const source = parseSource(job.url, deps.allowLocalSources)
  const guard = deps.allowLocalSources ? null : await guardSource(source, deps.importEnv)
  const tooLarge = new AbortController()
  const call: GitCall = {
    gitDir: job.gitDir,
    env: { ...(await transport(source, job.scratch, guard?.ssh)), ...deps.importEnv },
    config: [
      `protocol.${source.protocol}.allow=always`,
      ...(guard?.config ?? []),
      'http.lowSpeedLimit=1000',
      'http.lowSpeedTime=30',
      ...relaxedFsck('fetch'),
    ],
    signal: AbortSignal.any([tooLarge.signal, ...(signal ? [signal] : [])]),
    deadlineMs: limits.importMs,
  }
  const watch = watchSize(job.gitDir, limits.importBytes, tooLarge)
  try {
    const remote = readListing(
      await git.text(['ls-remote', '--symref', '--', source.url, 'HEAD', 'refs/heads/*'], call),
    )
    if (remote.branches.size === 0 && remote.head === null) return null
    const { branch, refspec } = defaultBranch(remote)
    const quiet = ['--quiet', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head', '--no-auto-maintenance']
    await git.run(['fetch', ...quiet, '--', source.url, ...refspec, ...REFSPECS], call)
    return branch
  } catch (error) {
    if (error instanceof GitError)
      throw new GitStoreError('source_failed', `The repository could not be cloned: ${words(error)}`)
    throw error
  } finally {
    clearInterval(watch)
  }
}

/** Only the protocol of the source is open, also after a redirect; nothing may ask a question. */
async function transport(source: ParsedSource, scratch: string, ssh = ''): Promise<Record<string, string>> {
  const env: Record<string, string> = {
    GIT_ALLOW_PROTOCOL: source.protocol,
    GIT_SSH_COMMAND: `ssh -oBatchMode=yes -oStrictHostKeyChecking=accept-new -oConnectTimeout=20${ssh}`,
  }
  if (source.protocol !== 'file') return env
  // The other repository may belong to another user. git takes this from a file only: `-c` does not reach upload-pack.
  const config = join(scratch, 'gitconfig')
  await writeFile(config, '[safe]\n\tdirectory = *\n\tbareRepository = all\n')
  return { ...env, GIT_CONFIG_GLOBAL: config }
}

type Listing = { symbolic: string | null; head: string | null; branches: Map<string, string> }

function readListing(text: string): Listing {
  const listing: Listing = { symbolic: null, head: null, branches: new Map() }
  for (const line of text.split('\n')) {
    const [value = '', name = ''] = line.split('\t')
    if (name === 'HEAD' && value.startsWith('ref: ')) listing.symbolic = branchOf(value.slice('ref: '.length))
    else if (name === 'HEAD') listing.head = value
    else if (branchOf(name) !== null) listing.branches.set(name.slice('refs/heads/'.length), value)
  }
  return listing
}

function branchOf(ref: string): string | null {
  const name = ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null
  return name === null || name === 'tasks' || name.startsWith('tasks/') ? null : name
}

/** The branch that HEAD names, or else the likeliest one; a HEAD that is on no branch becomes `main`. */
function defaultBranch({ symbolic, head, branches }: Listing): { branch: string; refspec: string[] } {
  if (symbolic !== null && branches.has(symbolic)) return { branch: symbolic, refspec: [] }
  const named = ['main', 'master'].find(name => branches.has(name))
  const same = [...branches].find(([, sha]) => sha === head)?.[0]
  const branch = named ?? same
  if (branch !== undefined) return { branch, refspec: [] }
  if (head !== null) return { branch: 'main', refspec: ['+HEAD:refs/heads/main'] }
  return { branch: [...branches.keys()][0] ?? 'main', refspec: [] }
}

/** git bounds the size of what is pushed, not of what is fetched: look at the growing pack instead. */
function watchSize(gitDir: string, maxBytes: number, tooLarge: AbortController): NodeJS.Timeout {
  const packs = join(gitDir, 'objects', 'pack')
  return setInterval(async () => {
    let size = 0
    for (const name of await readdir(packs).catch(() => [])) {
      size += (await stat(join(packs, name)).catch(() => null))?.size ?? 0
    }
    if (size > maxBytes)
      tooLarge.abort(new GitStoreError('too_large', `The repository is larger than ${maxBytes} bytes`))
  }, SIZE_CHECK_MS)
}

function words(error: GitError): string {
  return error.stderr || error.message
}
