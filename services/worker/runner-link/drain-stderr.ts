import type { Readable } from 'node:stream'
import { LIMITS } from '../../../shared/domain/limits.ts'

/**
 * Reads the runner's diagnostics to the end, whoever writes them, and keeps only the last part.
 * @returns a function that gives what was kept, as text
 */
export function drainStderr(stderr: Readable, keepBytes: number = LIMITS.frames.stderrBytes): () => string {
  let kept = Buffer.alloc(0)
  stderr.on('data', (chunk: Buffer) => {
    const joined = Buffer.concat([kept, chunk.subarray(-keepBytes)])
    kept = Buffer.from(joined.subarray(Math.max(0, joined.length - keepBytes)))
  })
  stderr.on('error', () => {})
  return () => kept.toString('utf8')
}
