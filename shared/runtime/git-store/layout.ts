import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { RepoId } from '../../contract/git-store.ts'
import { GitStoreError } from './errors.ts'

/** Anything in the scratch directory, any lock file and any `.keep` of a pack that is older than this belongs to a crash. */
const STALE_MS = 60 * 60_000

/** Where repositories and their scratch space lie: `<root>/<projectId>.git` and, on the same file system, `<root>/.scratch`. */
export type Layout = {
  root: string
  /** The repository's path, there or not. Throws `invalid_argument` for what is not an id. */
  path(projectId: string): string
  /** The path of a repository that exists. Throws `no_repository`. */
  existing(projectId: string): Promise<string>
  /** Gives `use` an empty directory of its own and removes it afterwards, whatever happens. */
  withScratch<T>(use: (dir: string) => Promise<T>): Promise<T>
  /** Removes scratch directories, lock files and marks that keep packs, as far as a crash left them. */
  sweep(): Promise<void>
}

export function createLayout(rootDirectory: string): Layout {
  const root = resolve(rootDirectory)
  const scratch = join(root, '.scratch')

  function path(projectId: string): string {
    return join(root, `${checkedId(projectId, 'project id')}.git`)
  }

  async function existing(projectId: string): Promise<string> {
    const dir = path(projectId)
    const found = await stat(join(dir, 'HEAD')).catch(() => null)
    if (!found) throw new GitStoreError('no_repository', `No repository for project ${projectId}`)
    return dir
  }

  async function withScratch<T>(use: (dir: string) => Promise<T>): Promise<T> {
    const dir = join(scratch, randomUUID())
    await mkdir(dir, { recursive: true })
    try {
      return await use(dir)
    } finally {
      await rm(dir, { recursive: true, force: true, maxRetries: 3 })
    }
  }

  async function sweep(): Promise<void> {
    await mkdir(scratch, { recursive: true })
    for (const name of await readdir(scratch)) await removeStale(join(scratch, name))
    for (const repository of (await readdir(root)).filter(name => name.endsWith('.git'))) {
      const dir = join(root, repository)
      await removeStale(join(dir, 'packed-refs.lock'))
      await removeStaleBelow(join(dir, 'refs'), '.lock')
      await removeStaleBelow(join(dir, 'objects', 'pack'), '.keep')
    }
  }

  return { root, path, existing, withScratch, sweep }
}

async function removeStale(path: string): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (found && Date.now() - found.mtimeMs > STALE_MS) await rm(path, { recursive: true, force: true })
}

async function removeStaleBelow(folder: string, ending: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  for (const name of names.filter(each => each.endsWith(ending))) await removeStale(join(folder, name))
}

/** An id that is safe as one segment of a path or ref. */
export function checkedId(id: string, what: string): string {
  if (!RepoId.safeParse(id).success) throw new GitStoreError('invalid_argument', `Not a ${what}: ${JSON.stringify(id)}`)
  return id
}

/** Makes `dir` a bare repository that also sees the objects of `store`; commands in it write nothing to the store. */
export async function makeQuarantine(dir: string, store: string): Promise<void> {
  await mkdir(join(dir, 'objects', 'info'), { recursive: true })
  await mkdir(join(dir, 'objects', 'pack'))
  await mkdir(join(dir, 'refs'))
  await writeFile(join(dir, 'objects', 'info', 'alternates'), `${join(store, 'objects')}\n`)
  await writeFile(join(dir, 'HEAD'), 'ref: refs/heads/none\n')
  await writeFile(join(dir, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = true\n')
}
