import { randomInt } from 'node:crypto'

/** True in `make soak`, which runs every test at its full counts. */
export const isSoak = process.env.SLIPWAY_SCALE === 'full'

/** How often to do something: the full count under `make soak`, else a tenth of it (at least one). */
export function scale(full: number): number {
  return isSoak ? full : Math.max(1, Math.round(full / 10))
}

/** The seed that random tests of this run draw from: SLIPWAY_SEED, else a fresh one, the same in all its processes. */
export function seed(): number {
  process.env.SLIPWAY_SEED ||= String(randomInt(1, 2 ** 31 - 1))
  return Number(process.env.SLIPWAY_SEED)
}

/** A generator of numbers in [0, 1) that a seed determines (mulberry32), for choices that have to be repeatable. */
export function random(from: number = seed()): () => number {
  let state = from >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
