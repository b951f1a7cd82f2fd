/** The length of a text in UTF-8 bytes. A lone surrogate counts as the three bytes of its replacement character. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let at = 0; at < text.length; at += unitsAt(text, at)) bytes += bytesAt(text, at)
  return bytes
}

/** The longest beginning of a text that fits into `maxBytes` of UTF-8, never ending inside a code point. */
export function truncateUtf8(text: string, maxBytes: number): string {
  let bytes = 0
  let at = 0
  while (at < text.length) {
    bytes += bytesAt(text, at)
    if (bytes > maxBytes) return text.slice(0, at)
    at += unitsAt(text, at)
  }
  return text
}

function unitsAt(text: string, at: number): number {
  return text.codePointAt(at)! > 0xffff ? 2 : 1
}

function bytesAt(text: string, at: number): number {
  const point = text.codePointAt(at)!
  if (point < 0x80) return 1
  if (point < 0x800) return 2
  return point > 0xffff ? 4 : 3
}
