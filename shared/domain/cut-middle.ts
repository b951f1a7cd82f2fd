import { truncateUtf8, utf8Length } from './utf8.ts'

/**
 * A text of which at most `headBytes` of the beginning and `tailBytes` of the end are left, never cut inside a character, with a
 * notice of the bytes that are missing between them. A shorter text stays as it is.
 * @param notice the words of the notice, for a number of bytes
 */
export function cutMiddle(
  text: string,
  { headBytes, tailBytes }: { headBytes: number; tailBytes: number },
  notice: (bytes: string) => string = bytes => `${bytes} bytes left out`,
): string {
  // No character takes less than a byte: a short text need not be measured.
  if (text.length * 3 <= headBytes + tailBytes) return text
  const total = utf8Length(text)
  if (total <= headBytes + tailBytes) return text
  const head = truncateUtf8(text, headBytes)
  const tail = lastBytes(text, Math.floor(tailBytes))
  const cut = (total - utf8Length(head) - utf8Length(tail)).toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',')
  return `${head}${head.endsWith('\n') ? '' : '\n'}[… ${notice(cut)} …]\n${tail}`
}

/** The longest end of a text that fits into `maxBytes` of UTF-8, never beginning inside a character. */
function lastBytes(text: string, maxBytes: number): string {
  let at = Math.max(0, text.length - maxBytes)
  while (at < text.length && utf8Length(text.slice(at)) > maxBytes) {
    const over = utf8Length(text.slice(at)) - maxBytes
    at += Math.max(1, Math.floor(over / 4))
  }
  const unit = text.charCodeAt(at)
  return text.slice(unit >= 0xdc00 && unit <= 0xdfff ? at + 1 : at)
}
