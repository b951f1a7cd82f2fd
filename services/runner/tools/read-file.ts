import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { insidePath } from '../paths.ts'
import { clip, counted, grouped, size } from '../text.ts'
import { ToolError } from '../tool-error.ts'
import type { Tool } from './types.ts'

const CHUNK_BYTES = 64 * 1024
const SNIFF_BYTES = 8 * 1024

/** Reads lines of a text file, with memory bounded by what it answers. */
export const readFile: Tool<'read_file'> = async ({ path, offset = 1, limit = LIMITS.tools.readLines }, { root }) => {
  const { real, shown, exists } = await insidePath(root, path)
  if (!exists) throw new ToolError(`there is no file ${shown}. Look for it with list_files.`)
  // Without O_NONBLOCK a named pipe would be waited for.
  const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = await file.stat()
    if (stat.isDirectory()) throw new ToolError(`${shown} is a folder. Use list_files to see what is in it.`)
    if (!stat.isFile()) throw new ToolError(`${shown} is not a regular file. Choose another.`)
    const head = Buffer.alloc(Math.min(SNIFF_BYTES, stat.size))
    await file.read(head, 0, head.length, 0)
    if (head.includes(0))
      throw new ToolError(`${shown} is a binary file (${size(stat.size)}). Look at it with bash instead.`)
    if (stat.size === 0) return { text: '[the file is empty]' }

    const lines: string[] = []
    let bytes = 0
    let number = 0
    let full = false
    for await (const line of linesOf(
      file.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES, start: 0 }),
    )) {
      number++
      if (number < offset) continue
      const text = line.cut ? `${clip(line.text, LIMITS.tools.lineChars)} [line cut]` : line.text
      bytes += Buffer.byteLength(text) + 1
      full = lines.length === limit || bytes > LIMITS.tools.readBytes
      if (full) break
      lines.push(text)
    }
    if (lines.length === 0) {
      throw new ToolError(`${shown} has only ${counted(number, 'line')}. Read it with a smaller offset.`)
    }
    const last = offset + lines.length - 1
    const notice = full
      ? `\n[lines ${grouped(offset)} to ${grouped(last)}; the file goes on: read on with offset ${last + 1}]`
      : ''
    return { text: lines.join('\n') + notice }
  } finally {
    await file.close()
  }
}

type Line = { text: string; cut: boolean }

/** The lines of a stream; of a line longer than can be shown only the start is kept. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  const keep = LIMITS.tools.lineChars * 4
  let parts: Buffer[] = []
  let length = 0

  const take = (piece: Buffer) => {
    if (length < keep) parts.push(Buffer.from(piece.subarray(0, keep - length)))
    length += piece.length
  }
  const finish = (): Line => {
    const text = Buffer.concat(parts).toString('utf8').replace(/\r$/, '').replaceAll('\u0000', '\uFFFD')
    const cut = length > keep || text.length > LIMITS.tools.lineChars
    parts = []
    length = 0
    return { text, cut }
  }

  for await (const chunk of chunks) {
    let at = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, at)) {
      take(chunk.subarray(at, end))
      yield finish()
      at = end + 1
    }
    take(chunk.subarray(at))
  }
  if (length > 0) yield finish()
}
