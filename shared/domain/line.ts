// Control characters, line and paragraph separators, and the marks that turn the direction of writing: a name that
// holds them could forge lines of a view, or commands to the terminal that shows it.
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu

const letters: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  Æ: 'AE',
  ø: 'o',
  Ø: 'O',
  œ: 'oe',
  Œ: 'OE',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
  '–': '-',
  '—': '-',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
}

/** A text on one line: unprintable characters and runs of white space become one space each, none at the ends. */
export function oneLine(text: string): string {
  return text.replace(unprintable, ' ').replace(/\s+/gu, ' ').trim()
}

/** A text in ASCII alone: accents are dropped, `unknown` stands for each character that has no ASCII form. */
export function plainAscii(text: string, unknown = '?'): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/\P{ASCII}/gu, character => letters[character] ?? unknown)
}

/**
 * The first line of a text that says something, as `oneLine` gives it: one with a letter or digit that is no fence of code.
 * @param otherwise for a text without one; the whole of it unless given
 */
export function tellingLine(text: string, otherwise = oneLine(text)): string {
  const lines = text.split('\n').map(oneLine)
  return lines.find(line => /[\p{L}\p{N}]/u.test(line) && !/^(```|~~~)/.test(line)) ?? otherwise
}
