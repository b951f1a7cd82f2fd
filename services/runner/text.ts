/** A whole number with thousands separated: 1,234,567. */
export const grouped = (value: number): string => value.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',')

/** A size for people: `12 bytes`, `3.4 KB`, `256 MB` (KB = 1,024 bytes). */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`
  const units = ['KB', 'MB', 'GB']
  let value = bytes / 1024
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value < 10 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)} ${units[unit]}`
}

/** `1 file`, `3 files`, `1,200 files`. */
export const counted = (count: number, noun: string, nouns = `${noun}s`): string =>
  `${grouped(count)} ${count === 1 ? noun : nouns}`

/** Names with how often each occurs, most frequent first, at most `max` of them: `node, sleep (3)`. */
export function tally(names: string[], max = 5): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  const sorted = [...counts].sort((a, b) => b[1] - a[1])
  const shown = sorted.slice(0, max).map(([name, count]) => (count > 1 ? `${name} (${count})` : name))
  return shown.join(', ') + (sorted.length > max ? ', …' : '')
}

/** Text cut to at most `max` UTF-16 code units, never inside a character, with a mark where it was cut. */
export function clip(text: string, max: number): string {
  return text.length <= max
    ? text
    : `${text
        .slice(0, max - 1)
        .toWellFormed()
        .replace(/\uFFFD$/, '')}…`
}

/** Text that every store takes: well-formed, without NUL. */
export const storable = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\uFFFD')
