import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { commitTree } from './commit.ts'
import { GitStoreError } from './errors.ts'
import type { Git } from './git.ts'
import { importRepository } from './import.ts'
import type { Layout } from './layout.ts'
import { requireTreeSize } from './tree-size.ts'
import type { GitStoreLimits, LocalGitStore, Source } from './types.ts'

const DEFAULT_BRANCH = 'main'

/** Making and deleting repositories. A repository is built aside and renamed into place when it is whole. */
export function createCreation(deps: {
  git: Git
  layout: Layout
  limits: GitStoreLimits
  allowLocalSources: boolean
  /** What an import may see of the host: proxies, certificates, ssh keys. */
  importEnv: Readonly<Record<string, string>>
}): Pick<LocalGitStore, 'create' | 'remove'> {
  const { git, layout } = deps

  const create: LocalGitStore['create'] = async (projectId, source, signal) => {
    const target = layout.path(projectId)
    if (await stat(target).catch(() => null)) throw exists(projectId)
    await mkdir(layout.root, { recursive: true })
    return layout.withScratch(async scratch => {
      const gitDir = join(scratch, 'repository.git')
      await initialise(gitDir, signal)
      const defaultBranch = await fill(gitDir, scratch, source, signal)
      await git.run(['symbolic-ref', 'HEAD', `refs/heads/${defaultBranch}`], { gitDir, signal })
      const headSha = await git.text(['rev-parse', '--verify', `refs/heads/${defaultBranch}^{commit}`], {
        gitDir,
        signal,
      })
      await requireTreeSize(git, { gitDir, signal }, headSha, deps.limits.treeFiles)
      await rename(gitDir, target).catch(error => Promise.reject(isTaken(error) ? exists(projectId) : error))
      return { defaultBranch, headSha }
    })
  }

  async function initialise(gitDir: string, signal?: AbortSignal): Promise<void> {
    const format = ['--object-format=sha1', `--initial-branch=${DEFAULT_BRANCH}`]
    await git.run(['init', '--quiet', '--bare', '--template=', ...format, gitDir], { signal })
    // Without these two `git gc` and older readers complain about a repository without a template.
    await mkdir(join(gitDir, 'info'), { recursive: true })
    await mkdir(join(gitDir, 'objects', 'pack'), { recursive: true })
  }

  /** Gives the repository its first commits and returns the name of its default branch. */
  async function fill(gitDir: string, scratch: string, source: Source, signal?: AbortSignal): Promise<string> {
    if (source.kind === 'git') {
      const branch = await importRepository(deps, { gitDir, scratch, url: source.url }, signal)
      if (branch !== null) return branch
    }
    const tree = await treeOf(gitDir, scratch, source, signal)
    const message = source.kind === 'directory' ? 'Add the sample' : 'Start the project'
    const commit = await commitTree(git, gitDir, { tree, parents: [], message }, signal)
    await git.run(['update-ref', `refs/heads/${DEFAULT_BRANCH}`, commit], { gitDir, signal })
    return DEFAULT_BRANCH
  }

  async function treeOf(gitDir: string, scratch: string, source: Source, signal?: AbortSignal): Promise<string> {
    const env = { GIT_INDEX_FILE: join(scratch, 'index') }
    if (source.kind === 'directory') {
      await git.run([`--work-tree=${source.path}`, 'add', '--all', '--', '.'], { gitDir, env, signal })
    }
    return git.text(['write-tree'], { gitDir, env, signal })
  }

  const remove: LocalGitStore['remove'] = async projectId => {
    const target = layout.path(projectId)
    await layout.withScratch(async scratch => {
      // Renamed first: a call in the middle of the deletion sees no repository rather than half of one.
      await rename(target, join(scratch, 'removed')).catch(error =>
        isMissing(error) ? undefined : Promise.reject(error),
      )
      await rm(target, { recursive: true, force: true })
    })
  }

  return { create, remove }
}

function exists(projectId: string): GitStoreError {
  return new GitStoreError('exists', `Project ${projectId} has a repository already`)
}

function isTaken(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ENOTEMPTY' || error.code === 'EEXIST'
}

function isMissing(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ENOENT'
}
