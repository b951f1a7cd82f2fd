import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { createLocalGitStore } from '../../../../shared/runtime/git-store/local.ts'
import type { GitStoreLimits, LocalGitStore } from '../../../../shared/runtime/git-store/types.ts'

const execute = promisify(execFile)

const IDENTITY = {
  GIT_AUTHOR_NAME: 'Somebody',
  GIT_AUTHOR_EMAIL: 'somebody@example.org',
  GIT_COMMITTER_NAME: 'Somebody',
  GIT_COMMITTER_EMAIL: 'somebody@example.org',
}

/** A directory of its own and how to remove it. */
export async function temporaryDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'slipway-git-'))
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/** A store in a directory of its own. `errors` collects what it could not throw. */
export async function temporaryStore(options: { limits?: Partial<GitStoreLimits>; allowLocalSources?: boolean } = {}) {
  const directory = await temporaryDirectory()
  const errors: unknown[] = []
  const root = join(directory.path, 'repos')
  const store: LocalGitStore = createLocalGitStore({
    root,
    allowLocalSources: options.allowLocalSources ?? true,
    env: { PATH: process.env.PATH },
    limits: options.limits,
    onError: error => errors.push(error),
  })
  const close = async () => {
    await store.idle()
    await directory.remove()
  }
  return { store, root, directory: directory.path, errors, close }
}

/** The user's git in `cwd`, with input, and without the configuration of this machine. Returns its output, trimmed. */
export async function git(
  cwd: string,
  args: string[],
  options: { input?: string | Buffer; env?: Record<string, string> } = {},
) {
  const env = {
    PATH: process.env.PATH,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    ...IDENTITY,
    ...options.env,
  }
  const running = execute('git', args, { cwd, env, encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 })
  running.child.stdin?.on('error', () => undefined).end(options.input)
  return (await running).stdout.toString('utf8').trim()
}

/** A work tree that plays the container: files, commits and bundles of its own. */
export async function workTree(path: string, options: { branch?: string } = {}) {
  await mkdir(path, { recursive: true })
  await git(path, ['init', '--quiet', `--initial-branch=${options.branch ?? 'main'}`])

  async function commit(files: Record<string, string | Buffer | null>, message = 'Change'): Promise<string> {
    for (const [name, content] of Object.entries(files)) {
      const file = join(path, name)
      await mkdir(dirname(file), { recursive: true })
      if (content === null) await rm(file)
      else await writeFile(file, content)
    }
    await git(path, ['add', '--all'])
    await git(path, ['commit', '--quiet', '--allow-empty', '-m', message])
    return git(path, ['rev-parse', 'HEAD'])
  }

  /** Takes a bundle of the store and stands on its commit. */
  async function load(bundle: Readable, want: string): Promise<void> {
    const file = join(path, '..', `in-${want}.bundle`)
    await writeFile(file, bundle)
    await git(path, ['fetch', '--quiet', file, '+refs/slipway/tip:refs/slipway/tip'])
    await git(path, ['checkout', '--quiet', '--detach', want])
  }

  /** A bundle of `head` without what `base` reaches. */
  async function bundle(head: string, base: string | null): Promise<Buffer> {
    await git(path, ['update-ref', 'refs/checkpoint', head])
    const file = join(path, '..', `out-${head}.bundle`)
    await git(path, ['bundle', 'create', '--quiet', file, 'refs/checkpoint', ...(base === null ? [] : [`^${base}`])])
    return readFile(file)
  }

  return { path, commit, load, bundle, git: (args: string[], input?: string | Buffer) => git(path, args, { input }) }
}

export type WorkTree = Awaited<ReturnType<typeof workTree>>

/** The whole of a stream. */
export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
