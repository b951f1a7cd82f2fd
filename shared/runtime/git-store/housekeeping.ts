import type { Git } from './git.ts'

/** Receives of one project between two looks at whether its repository should be packed anew. */
const EVERY = 50

/**
 * Keeps repositories fast: every checkpoint leaves a pack, so now and then `git gc --auto` gathers them. It runs beside
 * the calls, once at a time for each project; objects that nothing refers to stay two weeks. A failure is reported to
 * `onError` and tried again later.
 */
export function createHousekeeping(deps: { git: Git; onError: (error: unknown, gitDir: string) => void }) {
  const counts = new Map<string, number>()
  const running = new Map<string, Promise<void>>()

  /** Counts one more write to a repository and cleans up after every fiftieth. */
  function noteWrite(gitDir: string): void {
    const count = (counts.get(gitDir) ?? 0) + 1
    counts.set(gitDir, count % EVERY)
    if (count < EVERY || running.has(gitDir)) return
    const run = tidy(gitDir).finally(() => running.delete(gitDir))
    running.set(gitDir, run)
  }

  async function tidy(gitDir: string): Promise<void> {
    // The hardening switches automatic collection off; here it is asked for.
    const config = ['gc.auto=6700', 'gc.autoPackLimit=50', 'gc.autoDetach=false', 'pack.threads=1']
    try {
      await deps.git.run(['gc', '--auto', '--quiet'], { gitDir, config, deadlineMs: 10 * 60_000 })
    } catch (error) {
      deps.onError(error, gitDir)
    }
  }

  return { noteWrite, idle: async () => void (await Promise.all(running.values())) }
}
