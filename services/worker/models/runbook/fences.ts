/** A fenced code block of CommonMark. */
export type Fence = {
  /** Index of the opening line, and of the first line after the block. */
  start: number
  end: number
  /** First word of the info string, in lower case; '' where there is none. */
  language: string
  /** `key=value` words of the info string; values may stand in quotes. */
  attributes: Record<string, string>
  /** The lines between the fences, without the indentation of the opening one. */
  lines: string[]
}

export type Scan = { lines: string[]; fences: Fence[] }

const TAB = 4
const OPENING = /^(?<fence>`{3,}|~{3,})(?<info>.*)$/
const LIST_ITEM = /^(?<marker>[-+*]|\d{1,9}[.)])(?<space>[ \t]+|$)/

/** Columns of white space at the start; a tab goes to the next multiple of four. */
const indentOf = (line: string): number => {
  let columns = 0
  for (const character of line) {
    if (character === ' ') columns++
    else if (character === '\t') columns += TAB - (columns % TAB)
    else break
  }
  return columns
}

const withoutIndent = (line: string, columns: number): string => {
  let left = columns
  let at = 0
  while (left > 0 && (line[at] === ' ' || line[at] === '\t')) left -= line[at++] === ' ' ? 1 : TAB
  return ' '.repeat(Math.max(0, -left)) + line.slice(at)
}

const attributesOf = (words: string): Record<string, string> => {
  const attributes: Record<string, string> = {}
  for (const match of words.matchAll(/([\w-]+)=(?:"([^"]*)"|'([^']*)'|(\S+))/g)) {
    attributes[match[1]!.toLowerCase()] = match[2] ?? match[3] ?? match[4] ?? ''
  }
  return attributes
}

/** The fence that a line opens, `room` columns into which it may be indented at most. */
const opening = (line: string, room: number): { fence: string; info: string } | null => {
  if (indentOf(line) > room) return null
  const match = OPENING.exec(line.trimStart())
  const fence = match?.groups?.fence
  const info = match?.groups?.info?.trim() ?? ''
  // Backticks in the info string make it inline code.
  if (!fence || (fence.startsWith('`') && info.includes('`'))) return null
  return { fence, info }
}

const closes = (line: string, fence: string, room: number): boolean => {
  const text = line.trim()
  return indentOf(line) <= room && text.length >= fence.length && text === fence[0]!.repeat(text.length)
}

/** Where the text of a list item begins, or null for a line that begins none. */
const listContent = (line: string): number | null => {
  const match = LIST_ITEM.exec(line.trimStart())
  if (!match?.groups) return null
  const space = match.groups.space!.length
  return indentOf(line) + match.groups.marker!.length + (space >= 1 && space <= TAB ? space : 1)
}

/**
 * Splits Markdown into lines and finds its fenced code blocks, as CommonMark says: backticks or tildes, a longer fence
 * around shorter ones, one that is never closed goes to the end (of its list item), fences in list items, none in
 * HTML comments. Knows no block quotes. Linear in the text; never throws.
 */
export const scanFences = (text: string): Scan => {
  const lines = text.split(/\r\n|\n|\r/)
  const fences: Fence[] = []
  let list = 0
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!
    if (line.trim() === '') continue
    const indent = indentOf(line)
    if (indent < list) list = 0
    const open = opening(line, list + TAB - 1)
    if (!open) {
      list = (indent <= list + TAB - 1 ? listContent(line) : null) ?? list
      if (indent < TAB && line.trimStart().startsWith('<!--')) {
        while (at < lines.length - 1 && !lines[at]!.includes('-->')) at++
      }
      continue
    }
    const content: string[] = []
    let end = at + 1
    let closed = false
    while (end < lines.length && !closed) {
      const next = lines[end]!
      if (next.trim() !== '' && indentOf(next) < list) break
      closed = closes(next, open.fence, list + TAB - 1)
      if (!closed) content.push(withoutIndent(next, indent))
      end++
    }
    const [language = '', ...words] = open.info.split(/\s+/)
    fences.push({
      start: at,
      end,
      language: language.toLowerCase(),
      attributes: attributesOf(words.join(' ')),
      lines: content,
    })
    at = end - 1
  }
  return { lines, fences }
}

/** A block's text as a file has it: every line ends with a newline. */
export const fileText = (fence: Fence): string => fence.lines.map(line => `${line}\n`).join('')
