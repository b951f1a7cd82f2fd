import type { OnProgress } from './run.ts'

/** Shows steps of a long command: what is under way, for how long, and how it ended. */
export type Progress = {
  /** Runs one step under a title; the work gets a function for saying what it is doing. Rethrows what the work throws. */
  step<T>(title: string, work: (note: OnProgress) => Promise<T>): Promise<T>
}

const tick = 1_000
const quietSeconds = 10

/** Writes progress to a stream: one line that is redrawn on a terminal, else a line every ten seconds, so that logs stay short. */
export function createProgress(out: NodeJS.WriteStream): Progress {
  const draw = (line: string) =>
    out.write(out.isTTY ? `\r\x1b[K${line.slice(0, (out.columns ?? 80) - 1)}` : `${line}\n`)
  const end = (line: string) => out.write(out.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`)

  async function step<T>(title: string, work: (note: OnProgress) => Promise<T>): Promise<T> {
    const started = Date.now()
    const seconds = () => Math.round((Date.now() - started) / 1_000)
    let latest = ''
    const show = () => draw(`  … ${title}${seconds() > 0 ? ` (${seconds()}s)` : ''}${latest ? `: ${latest}` : ''}`)
    if (out.isTTY) show()
    const timer = setInterval(() => {
      if (out.isTTY || seconds() % quietSeconds === 0) show()
    }, tick)
    try {
      const result = await work(line => {
        latest = line
      })
      end(`  ✓ ${title} (${seconds()}s)`)
      return result
    } catch (error) {
      end(`  ✗ ${title} (${seconds()}s)`)
      throw error
    } finally {
      clearInterval(timer)
    }
  }

  return { step }
}
