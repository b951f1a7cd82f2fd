import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { insidePath } from '../paths.ts'
import { replaceFile } from '../replace-file.ts'
import { counted, grouped, size } from '../text.ts'
import { ToolError } from '../tool-error.ts'
import type { Tool } from './types.ts'

/** Replaces text in a file. Line ends are matched as they stand in the file. */
export const editFile: Tool<'edit_file'> = async ({ path, oldText, newText, replaceAll = false }, { root }) => {
  const { real, shown, exists } = await insidePath(root, path)
  if (!exists)
    throw new ToolError(`there is no file ${shown}. Make it with write_file, or look for it with list_files.`)
  if (oldText === newText) throw new ToolError('oldText and newText are the same. Say what is to change.')
  const before = await readText(real, shown)
  const pieces = before.split(oldText)
  const found = pieces.length - 1
  if (found === 0) {
    throw new ToolError(
      `oldText is not in ${shown}. Read the file and give the text exactly as it stands there, white space too.`,
    )
  }
  if (found > 1 && !replaceAll) {
    throw new ToolError(
      `oldText is in ${shown} ${grouped(found)} times. Give more of the text around it so that it is there once, or set replaceAll.`,
    )
  }
  const after = pieces.join(newText)
  const bytes = Buffer.byteLength(after)
  if (bytes > LIMITS.tools.writeBytes) {
    throw new ToolError(`${shown} would be ${size(bytes)}, more than ${size(LIMITS.tools.writeBytes)}. Change less.`)
  }
  await replaceFile(real, after)
  return { text: `Edited ${shown}: ${counted(found, 'replacement')}.` }
}

async function readText(real: string, shown: string): Promise<string> {
  const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = await file.stat()
    if (stat.isDirectory()) throw new ToolError(`${shown} is a folder. Give the path of a file.`)
    if (!stat.isFile()) throw new ToolError(`${shown} is not a regular file. Choose another.`)
    if (stat.size > LIMITS.tools.writeBytes) {
      throw new ToolError(`${shown} is ${size(stat.size)}, too large to edit so. Change it with a command in bash.`)
    }
    // ignoreBOM keeps a byte order mark that is there.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await file.readFile())
  } catch (error) {
    if (error instanceof TypeError)
      throw new ToolError(`${shown} is not text in UTF-8. Change it with a command in bash.`)
    throw error
  } finally {
    await file.close()
  }
}
