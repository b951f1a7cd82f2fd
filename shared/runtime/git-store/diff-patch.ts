import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { DiffFile } from '../../contract/task.ts'

type Hunk = DiffFile['hunks'][number]

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/

/** One file may take this part of all the text, so that a lock file in front does not hide the rest. */
const SHARE = 5
/** The patch is read on past what is kept, to reach the smaller files behind large ones, but not for ever. */
const READ_FACTOR = 20
const LINE_CHARS = 1024 * 1024

/**
 * Reads a patch and gives `owners[n]` the hunks of its n-th file, in all at most `maxBytes` of text. A hunk is whole or
 * not there. Returns whether anything was left out.
 */
export async function parsePatch(patch: Readable, maxBytes: number, owners: readonly DiffFile[]): Promise<boolean> {
  const reader = hunkReader(maxBytes, owners)
  const decoder = new StringDecoder('utf8')
  let carry = ''
  let size = 0
  for await (const chunk of patch as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes * READ_FACTOR) return true
    const lines = (carry + decoder.write(chunk)).split('\n')
    carry = lines.pop() ?? ''
    for (const line of lines) reader.line(line)
    if (reader.finished()) break
    // Only the sign of an endless line is kept, for counting; its hunk is left out.
    if (carry.length > LINE_CHARS) {
      reader.leaveOut()
      carry = carry.slice(0, 1)
    }
  }
  return reader.cut()
}

function hunkReader(maxBytes: number, owners: readonly DiffFile[]) {
  let file = -1
  let hunk: Hunk | undefined
  let oldLeft = 0
  let newLeft = 0
  let kept = 0
  let keptOfFile = 0
  let cut = false

  function line(text: string): void {
    if (oldLeft > 0 || newLeft > 0) insideHunk(text)
    else if (text.startsWith('\\')) keep(text)
    else if (text.startsWith('diff --git ')) nextFile()
    else startHunk(text)
  }

  function insideHunk(text: string): void {
    keep(text)
    const sign = text[0]
    if (sign !== '+' && sign !== '\\') oldLeft--
    if (sign !== '-' && sign !== '\\') newLeft--
    if (oldLeft === 0 && newLeft === 0 && hunk) owners[file]?.hunks.push(hunk)
  }

  function keep(text: string): void {
    kept += text.length
    keptOfFile += text.length
    if (kept > maxBytes || keptOfFile > maxBytes / SHARE) leaveOut()
    hunk?.lines.push(text)
  }

  function startHunk(text: string): void {
    const found = HUNK.exec(text)
    if (!found) return
    const [, oldStart, oldLines = '1', newStart, newLines = '1'] = found
    oldLeft = Number(oldLines)
    newLeft = Number(newLines)
    hunk = { oldStart: Number(oldStart), oldLines: oldLeft, newStart: Number(newStart), newLines: newLeft, lines: [] }
  }

  function nextFile(): void {
    const previous = owners[file]
    file++
    // Two patches of one file (its type changed) share the file's part.
    if (owners[file] !== previous) keptOfFile = 0
    hunk = undefined
  }

  function leaveOut(): void {
    kept -= hunk?.lines.reduce((sum, text) => sum + text.length, 0) ?? 0
    hunk = undefined
    cut = true
  }

  return { line, leaveOut, cut: () => cut, finished: () => file >= owners.length }
}
