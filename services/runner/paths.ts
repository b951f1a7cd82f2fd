import { lstat, readlink, realpath } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { ToolError } from './tool-error.ts'

/** A place in the work tree: `real` has every link resolved, `shown` is relative to the work tree (`.` for itself). */
export type InsidePath = { real: string; shown: string; exists: boolean }

/**
 * Finds the place in the work tree that a path of the model names; absolute paths into the work tree are taken too.
 * @param root the work tree, absolute
 * @throws ToolError when the path, or what a link in it points to, lies outside
 */
export async function insidePath(root: string, path: string): Promise<InsidePath> {
  if (path.includes('\u0000')) throw new ToolError('the path contains a NUL character. Give a plain path.')
  const realRoot = await realpath(root)
  const wanted = resolve(root, path)
  if (!within(root, wanted)) throw refused(path)
  const shown = relative(root, wanted) || '.'
  const { real, exists } = await resolveLinks(join(realRoot, relative(root, wanted)), path)
  if (!within(realRoot, real)) throw refused(path)
  return { real, shown, exists }
}

/** Resolves the links of the part that exists and adds the rest; a link that points to nothing counts as its target. */
async function resolveLinks(path: string, asked: string, hops = 0): Promise<{ real: string; exists: boolean }> {
  if (hops > 40) throw new ToolError(`${asked} is a circle of links. Give a path without links.`)
  try {
    return { real: await realpath(path), exists: true }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOTDIR')
      throw new ToolError(`a part of ${asked} is a file, not a folder. List the files and correct the path.`)
    if (code === 'ELOOP') throw new ToolError(`${asked} is a circle of links. Give a path without links.`)
    if (code !== 'ENOENT') throw error
  }
  const stat = await lstat(path).catch(() => null)
  if (stat?.isSymbolicLink()) return resolveLinks(resolve(dirname(path), await readlink(path)), asked, hops + 1)
  const parent = await resolveLinks(dirname(path), asked, hops)
  return { real: join(parent.real, path.slice(dirname(path).length).replace(/^\/+/, '')), exists: false }
}

function within(root: string, path: string): boolean {
  const way = relative(root, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}

const refused = (path: string) =>
  new ToolError(`${path} is outside of the work tree. Use a path relative to the work tree that stays inside it.`)
