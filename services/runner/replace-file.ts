import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ToolError } from './tool-error.ts'

/**
 * Writes a file whole or not at all (a full disk leaves the old one), keeps the mode of one that is there, and makes
 * the folders above it.
 * @param path absolute, links resolved
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  const old = await stat(path).catch(() => null)
  if (old?.isDirectory()) throw new ToolError(`${basename(path)} is a folder. Give the path of a file.`)
  if (old && !old.isFile()) throw new ToolError(`${basename(path)} is not a regular file. Choose another.`)
  const folder = dirname(path)
  await mkdir(folder, { recursive: true })
  const temporary = join(folder, `.slipway-${randomBytes(6).toString('hex')}`)
  try {
    await writeFile(temporary, content, { mode: old ? old.mode & 0o777 : 0o644, flag: 'wx' })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
