import type { Readable } from 'node:stream'
import { GitStoreError } from './errors.ts'
import type { Git, GitCall } from './git.ts'

/**
 * A few trees that hold each other many times over unfold into more paths than any machine can list. Throws `too_large`
 * for a commit with more than `most` files, without listing more of them.
 */
export async function requireTreeSize(git: Git, call: GitCall, commit: string, most: number): Promise<void> {
  const { count } = await countPaths(git.stream(['ls-tree', '-r', '-z', '--name-only', commit], call), most)
  if (count > most) throw new GitStoreError('too_large', `${commit} holds more than ${most} files`)
}

/** Counts the NUL-ended paths of a listing and measures the longest, in bytes; stops reading after more than `most`. */
export async function countPaths(listing: Readable, most: number): Promise<{ count: number; longest: number }> {
  let count = 0
  let longest = 0
  let length = 0
  for await (const chunk of listing as AsyncIterable<Buffer>) {
    for (let from = 0; from < chunk.length; ) {
      const end = chunk.indexOf(0, from)
      length += (end < 0 ? chunk.length : end) - from
      longest = Math.max(longest, length)
      if (end < 0) break
      count++
      length = 0
      from = end + 1
    }
    if (count > most) break
  }
  return { count, longest }
}
