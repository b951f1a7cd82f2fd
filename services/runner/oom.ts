import { readFile } from 'node:fs/promises'

/** cgroup v2, then v1, as a container sees its own group. */
const COUNTERS = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control']

/**
 * Reads how many processes of this container the kernel has killed for want of memory.
 * @returns 0 where the kernel does not tell
 */
export async function readOomKills(files: readonly string[] = COUNTERS): Promise<number> {
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '')
    const found = /^oom_kill (\d+)$/m.exec(text)
    if (found) return Number(found[1])
  }
  return 0
}
