import { grouped } from './text.ts'

/** Keeps the head and the tail of an output of any length, in memory bounded by the two. */
export type OutputRing = {
  push(chunk: Buffer): void
  /** Bytes pushed so far. */
  total(): number
  /** The output as text, with a notice where the middle was left out. Broken UTF-8 and NUL become U+FFFD. */
  text(): string
}

export function createOutputRing(headBytes: number, tailBytes: number): OutputRing {
  const head: Buffer[] = []
  let headLength = 0
  let tail: Buffer[] = []
  let tailLength = 0
  let total = 0

  function compact(): void {
    const whole = Buffer.concat(tail)
    const kept = Buffer.from(whole.subarray(Math.max(0, whole.length - tailBytes)))
    tail = [kept]
    tailLength = kept.length
  }

  return {
    push: chunk => {
      total += chunk.length
      const toHead = chunk.subarray(0, headBytes - headLength)
      if (toHead.length > 0) head.push(Buffer.from(toHead))
      headLength += toHead.length
      // Of one huge chunk only the end can survive; a copy, so that the pool's memory is not held.
      const rest = chunk.subarray(toHead.length)
      if (rest.length === 0) return
      tail.push(Buffer.from(rest.subarray(Math.max(0, rest.length - tailBytes))))
      tailLength += Math.min(rest.length, tailBytes)
      if (tailLength > 2 * tailBytes) compact()
    },
    total: () => total,
    text: () => {
      compact()
      const dropped = total - headLength - tailLength
      if (dropped === 0) return decode(Buffer.concat([...head, ...tail]))
      const start = decode(wholeEnd(Buffer.concat(head)))
      const end = decode(wholeStart(Buffer.concat(tail)))
      const gap = start.endsWith('\n') ? '' : '\n'
      return `${start}${gap}[… ${grouped(dropped)} bytes left out …]\n${end}`
    },
  }
}

function decode(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\u0000', '\uFFFD')
}

/** Drops a character that the cut left without its last bytes. */
function wholeEnd(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) return bytes
    if (byte < 0xc0) continue
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return needs > back ? bytes.subarray(0, bytes.length - back) : bytes
  }
  return bytes
}

/** Drops the bytes of a character whose start was cut off. */
function wholeStart(bytes: Buffer): Buffer {
  let at = 0
  while (at < Math.min(3, bytes.length) && (bytes[at]! & 0xc0) === 0x80) at++
  return bytes.subarray(at)
}
