/** Text within a block. */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong' | 'em'; text: string }
  | { kind: 'link'; text: string; href: string }

// Each of them ends at the next sign of its kind, so that a long text full of signs that are never closed stays quick to read.
const patterns = new RegExp(
  [
    '(?<!`)(`{1,3})(?!`)(.{1,1000}?)(?<!`)\\1(?!`)',
    '\\*\\*([^\\s*](?:[^*]{0,1000}[^\\s*])?)\\*\\*',
    '(?<![\\w*])\\*([^\\s*](?:[^*]{0,1000}[^\\s*])?)\\*(?![\\w*])',
    '(?<![\\w_])_([^\\s_](?:[^_]{0,1000}[^\\s_])?)_(?![\\w_])',
    '\\[([^\\]\\[\\n]{1,500})\\]\\(([^\\s()]{1,2000})\\)',
    '(https?://[^\\s<>"\')\\]]{1,2000}[^\\s<>"\')\\].,;:!?])',
  ].join('|'),
  'gs',
)

/** The parts of a text in order. Only http and https make a link; everything else stays text. */
export function parseInline(text: string): Inline[] {
  const result: Inline[] = []
  let end = 0
  for (const match of text.matchAll(patterns)) {
    const inline = inlineOf(match)
    if (!inline) continue
    if (match.index > end) result.push({ kind: 'text', text: text.slice(end, match.index) })
    result.push(inline)
    end = match.index + match[0].length
  }
  if (end < text.length) result.push({ kind: 'text', text: text.slice(end) })
  return result
}

function inlineOf([, , code, strong, star, underscore, label, target, url]: RegExpExecArray): Inline | null {
  const em = star ?? underscore
  if (code !== undefined) return { kind: 'code', text: code.replace(/^ (.*[^ ].*) $/s, '$1') }
  if (strong !== undefined) return { kind: 'strong', text: strong }
  if (em !== undefined) return { kind: 'em', text: em }
  if (url !== undefined) return { kind: 'link', text: url, href: url }
  return label !== undefined && /^https?:\/\//i.test(target!) ? { kind: 'link', text: label, href: target! } : null
}
