export interface DiffLine {
  sign: ' ' | '+' | '-'
  text: string
}

/** Above this many pairs of lines all of the text counts as changed: comparing them would keep the page waiting. */
const MOST_PAIRS = 4_000_000

/** What changed from one text to another, line by line, with the fewest lines taken out and put in. */
export function lineDiff(before: string, after: string): DiffLine[] {
  const old = before === '' ? [] : before.split('\n')
  const fresh = after === '' ? [] : after.split('\n')
  let start = 0
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start++
  let end = 0
  while (
    end < old.length - start &&
    end < fresh.length - start &&
    old[old.length - 1 - end] === fresh[fresh.length - 1 - end]
  ) {
    end++
  }
  const same = (texts: string[]): DiffLine[] => texts.map(text => ({ sign: ' ', text }))
  return [
    ...same(old.slice(0, start)),
    ...middle(old.slice(start, old.length - end), fresh.slice(start, fresh.length - end)),
    ...same(old.slice(old.length - end)),
  ]
}

/** By the longest common subsequence. */
function middle(old: string[], fresh: string[]): DiffLine[] {
  const out = (text: string): DiffLine => ({ sign: '-', text })
  const put = (text: string): DiffLine => ({ sign: '+', text })
  if (old.length * fresh.length > MOST_PAIRS) return [...old.map(out), ...fresh.map(put)]
  const width = fresh.length + 1
  const common = new Uint32Array((old.length + 1) * width)
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = fresh.length - 1; j >= 0; j--) {
      common[i * width + j] =
        old[i] === fresh[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!)
    }
  }
  const lines: DiffLine[] = []
  let i = 0
  let j = 0
  while (i < old.length && j < fresh.length) {
    if (old[i] === fresh[j]) {
      lines.push({ sign: ' ', text: old[i]! })
      i++
      j++
    } else if (common[(i + 1) * width + j]! >= common[i * width + j + 1]!) lines.push(out(old[i++]!))
    else lines.push(put(fresh[j++]!))
  }
  return [...lines, ...old.slice(i).map(out), ...fresh.slice(j).map(put)]
}

/** The lines near a change; what was left out in between stands as its number of lines. */
export function nearChanges(lines: readonly DiffLine[], context = 3): (DiffLine | { left: number })[] {
  const kept = lines.map((_, at) =>
    lines.slice(Math.max(0, at - context), at + context + 1).some(({ sign }) => sign !== ' '),
  )
  const shown: (DiffLine | { left: number })[] = []
  for (const [at, line] of lines.entries()) {
    const last = shown.at(-1)
    if (kept[at]) shown.push(line)
    else if (last && 'left' in last) last.left++
    else shown.push({ left: 1 })
  }
  return shown
}
