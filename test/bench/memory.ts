import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { docker } from '../support/servers.ts'

const SAMPLES = 5
const MIB = 1024 * 1024

/** What is read several times, a moment apart. */
export async function samples(read: () => Promise<number>): Promise<number[]> {
  const found: number[] = []
  for (let count = 0; count < SAMPLES; count++) {
    found.push(await read())
    await pause(300)
  }
  return found
}

/** Pages of a process that are in memory, in MiB. */
export async function residentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024
}

/** What a container holds in MiB, tmpfs included, without files that are only cached. */
export async function memoryOf(id: string): Promise<number> {
  const { memory_stats: memory } = await docker().getContainer(id).stats({ stream: false })
  const { total_inactive_file: v1, inactive_file: v2 } = memory.stats as unknown as Record<string, number>
  return (memory.usage - (v1 ?? v2 ?? 0)) / MIB
}
