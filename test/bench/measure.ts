import { setTimeout as pause } from 'node:timers/promises'
import type { Stage } from '../support/servers.ts'
import { startTestServers } from '../support/test-servers.ts'

/** One line of the table: what Slipway takes for something beside what the least that can be done takes, measured in turns. */
export interface Row {
  what: string
  unit: 'ms' | 'MiB' | 'per s'
  slipway: Spread
  baseline: Spread & { what: string }
  /** Slipway's median over the baseline's. */
  ratio: number
}

export interface Spread {
  median: number
  /** At least as good as this in 95 of 100 cases. */
  p95: number
  samples: number
}

export interface Sides {
  slipway: () => Promise<number>
  baseline: () => Promise<number>
}

export interface Bench {
  stage: Stage
  row(
    what: string,
    unit: Row['unit'],
    measured: { slipway: readonly number[]; baseline: readonly number[] },
    than: string,
  ): void
}

/** What a line of JSON begins with, so that it is found among other output. */
export const RESULT = '{"bench":'

/** Runs one benchmark on servers of its own as a program; prints its rows as a table and as one line of JSON. */
export async function bench(name: string, measure: (bench: Bench) => Promise<void>): Promise<void> {
  const { servers, stop } = await startTestServers()
  const ends: (() => unknown)[] = [stop]
  const rows: Row[] = []
  try {
    await measure({
      stage: { servers, onEnd: cleanUp => ends.push(cleanUp) },
      row: (what, unit, { slipway, baseline }, than) => {
        const [ours, bare] = [spread(slipway, unit), { what: than, ...spread(baseline, unit) }]
        rows.push({ what, unit, slipway: ours, baseline: bare, ratio: ours.median / bare.median })
      },
    })
  } finally {
    for (const end of ends.reverse()) await end()
  }
  console.log(table(rows))
  console.log(JSON.stringify({ bench: name, rows }))
}

/**
 * Measures both sides in turns, the order turned round every time, so that whatever else the machine does hits both alike. Each side runs
 * once before it counts. Ends after so many rounds, or when the time is over and there are three.
 */
export async function inTurns(
  rounds: number,
  { slipway, baseline }: Sides,
  { withinMs = 15_000, restMs = 0 }: { withinMs?: number; restMs?: number } = {},
): Promise<{ slipway: number[]; baseline: number[] }> {
  const measured = { slipway: [] as number[], baseline: [] as number[] }
  await baseline()
  await slipway()
  const deadline = performance.now() + withinMs
  for (let round = 0; round < rounds && (round < 3 || performance.now() < deadline); round++) {
    for (const side of round % 2 ? (['slipway', 'baseline'] as const) : (['baseline', 'slipway'] as const)) {
      measured[side].push(await (side === 'slipway' ? slipway() : baseline()))
      if (restMs) await pause(restMs)
    }
  }
  return measured
}

/** How many milliseconds it took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

function spread(samples: readonly number[], unit: Row['unit']): Spread {
  const best = samples.toSorted((a, b) => (unit === 'per s' ? b - a : a - b))
  return { median: quantile(best, 0.5), p95: quantile(best, 0.95), samples: best.length }
}

function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!]
  return low + (high - low) * (place % 1)
}

/** The rows as a table in Markdown. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ what, unit, slipway, baseline, ratio }) => [
    what,
    figures(slipway, unit),
    baseline.what,
    figures(baseline, unit),
    `${plain(ratio)}×`,
  ])
  const head = ['', 'Slipway: median (p95)', 'Baseline', 'median (p95)', 'Ratio']
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map(row => row[column]!.length)))
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...cells.map(line)].join('\n')
}

const figures = ({ median, p95 }: Spread, unit: Row['unit']): string => `${plain(median)} (${plain(p95)}) ${unit}`

/** Two or three digits that count, thousands with a comma. */
function plain(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
