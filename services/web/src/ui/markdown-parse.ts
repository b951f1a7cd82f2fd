/** A small, safe part of Markdown as data: what it does not know stays the text that it is, so nothing can be injected. */
export type Block =
  | { kind: 'paragraph'; text: string }
  | { kind: 'heading'; level: number; text: string }
  | { kind: 'code'; info: string; text: string }
  | { kind: 'list'; ordered: boolean; start: number; items: ListItem[] }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'rule' }

export interface ListItem {
  text: string
  /** `- [x]`: true, `- [ ]`: false, else null. */
  ticked: boolean | null
  blocks: Block[]
}

const fence = /^ {0,3}(`{3,}|~{3,})\s*([^`]*)$/
const marker = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/
const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/
const quote = /^ {0,3}> ?(.*)$/
const rule = /^ {0,3}([-*_])( *\1){2,}\s*$/
const maxDepth = 6

/** The blocks of a text in order. Lists and quotes nest up to six deep; deeper ones read as text. */
export function parseMarkdown(text: string): Block[] {
  return blocks(text.replace(/\r\n?/g, '\n').split('\n'), 0)
}

function blocks(lines: string[], depth: number): Block[] {
  const result: Block[] = []
  let paragraph: string[] = []
  const flush = () => {
    if (paragraph.length > 0) result.push({ kind: 'paragraph', text: paragraph.join('\n') })
    paragraph = []
  }
  for (let at = 0; at < lines.length; ) {
    const line = lines[at]!
    const fenced = fence.exec(line)
    const head = heading.exec(line)
    if (fenced) {
      flush()
      const end = fenceEnd(lines, at + 1, fenced[1]!)
      result.push({ kind: 'code', info: fenced[2]!.trim(), text: lines.slice(at + 1, end).join('\n') })
      at = end + 1
    } else if (line.trim() === '') {
      flush()
      at++
    } else if (head) {
      flush()
      result.push({ kind: 'heading', level: head[1]!.length, text: head[2]! })
      at++
    } else if (rule.test(line)) {
      flush()
      result.push({ kind: 'rule' })
      at++
    } else if (quote.test(line) && depth < maxDepth) {
      flush()
      const end = runEnd(lines, at, one => quote.test(one))
      result.push({
        kind: 'quote',
        blocks: blocks(
          lines.slice(at, end).map(one => quote.exec(one)![1]!),
          depth + 1,
        ),
      })
      at = end
    } else if (marker.test(line) && depth < maxDepth) {
      flush()
      const [list, end] = listAt(lines, at, depth)
      result.push(list)
      at = end
    } else {
      paragraph.push(line.trimStart())
      at++
    }
  }
  flush()
  return result
}

function listAt(lines: string[], start: number, depth: number): [Block, number] {
  const [, indent, sign] = marker.exec(lines[start]!)!
  const ordered = /\d/.test(sign!)
  const items: ListItem[] = []
  let at = start
  while (at < lines.length) {
    const match = marker.exec(lines[at]!)
    if (!match || match[1]!.length !== indent!.length || /\d/.test(match[2]!) !== ordered) break
    const end = itemEnd(lines, at + 1, indent!.length)
    const tick = /^\[([ xX])\]\s+(.*)$/.exec(match[3]!)
    items.push({
      text: tick ? tick[2]! : match[3]!,
      ticked: tick ? tick[1] !== ' ' : null,
      blocks: blocks(unindent(lines.slice(at + 1, end)), depth + 1),
    })
    at = end
  }
  return [{ kind: 'list', ordered, start: ordered ? Number.parseInt(sign!, 10) : 1, items }, at]
}

/** An item goes on over indented lines, and over empty lines that an indented one follows. */
function itemEnd(lines: string[], start: number, indent: number): number {
  let end = start
  for (let at = start; at < lines.length; at++) {
    if (lines[at]!.trim() === '') continue
    if (lines[at]!.search(/\S/) <= indent) break
    end = at + 1
  }
  return end
}

function unindent(lines: string[]): string[] {
  const depth = Math.min(...lines.filter(line => line.trim() !== '').map(line => line.search(/\S/)))
  return Number.isFinite(depth) ? lines.map(line => line.slice(depth)) : []
}

function fenceEnd(lines: string[], start: number, opened: string): number {
  const end = runEnd(lines, start, line => {
    const closing = line.trim()
    return closing.length < opened.length || closing !== opened[0]!.repeat(closing.length)
  })
  return end
}

function runEnd(lines: string[], start: number, goesOn: (line: string) => boolean): number {
  let at = start
  while (at < lines.length && goesOn(lines[at]!)) at++
  return at
}
