import { stat } from 'node:fs/promises'
import type { Git } from './git.ts'
import { insidePath } from './paths.ts'
import { ToolError } from './tool-error.ts'

export type FileScope = {
  pathspecs: string[]
  /** The asked path is one that git ignores, so ignored files are wanted. */
  ignored: boolean
  shown: string
}

/**
 * Turns a tool's `path` and `glob` into git pathspecs. A glob without a slash matches at any depth, one with a slash from `path`.
 * @throws ToolError for a path outside of the work tree or that is not there
 */
export async function fileScope(
  root: string,
  git: Git,
  { path = '', glob }: { path?: string | undefined; glob?: string | undefined },
): Promise<FileScope> {
  const { real, shown, exists } = await insidePath(root, path === '' ? '.' : path)
  if (!exists) throw new ToolError(`there is no ${shown}. Look with list_files, without a path.`)
  if (glob?.split('/').includes('..')) throw new ToolError('the glob leaves the work tree. Use one that stays inside.')
  const folder = (await stat(real)).isDirectory()
  if (glob !== undefined && !folder)
    throw new ToolError(`${shown} is a file, so a glob makes no sense. Leave one of them out.`)
  const ignored =
    shown !== '.' && (await git(['check-ignore', '--quiet', '--', shown], { accept: [1, 128] })).code === 0
  const base = shown === '.' ? '' : shown
  if (glob === undefined) return { pathspecs: base === '' ? [] : [`:(top,literal)${base}`], ignored, shown }
  const pattern = glob.replace(/^\.?\/+/, '')
  const deep = pattern.includes('/') ? pattern : `**/${pattern}`
  return { pathspecs: [`:(top,glob)${base === '' ? '' : `${escapeGlob(base)}/`}${deep}`], ignored, shown }
}

const escapeGlob = (path: string): string => path.replace(/[\\*?[\]]/g, '\\$&')
