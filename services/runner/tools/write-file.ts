import { LIMITS } from '../../../shared/domain/limits.ts'
import { insidePath } from '../paths.ts'
import { replaceFile } from '../replace-file.ts'
import { size } from '../text.ts'
import { ToolError } from '../tool-error.ts'
import type { Tool } from './types.ts'

/** Writes a whole file. */
export const writeFile: Tool<'write_file'> = async ({ path, content }, { root }) => {
  const { real, shown } = await insidePath(root, path)
  const bytes = Buffer.byteLength(content)
  if (bytes > LIMITS.tools.writeBytes) {
    throw new ToolError(
      `the content is ${size(bytes)}, more than ${size(LIMITS.tools.writeBytes)}. Write it in several files.`,
    )
  }
  if (shown === '.' || path.endsWith('/')) throw new ToolError(`${path} is a folder. Give the path of a file.`)
  await replaceFile(real, content)
  return { text: `Wrote ${size(bytes)} to ${shown}.` }
}
