/** What has been seen of a project's events, and what to do with the next. */
export interface Sequence {
  last(): number
  /** Whether this number is the next one: `known` was seen before, `gap` means that some are missing in between. */
  take(seq: number): 'next' | 'known' | 'gap'
  /** The server's newest number on subscribing. Smaller than what was seen: its history is another one, begin anew. */
  subscribed(newest: number): 'resumed' | 'rewound'
}

/** Counts from `seen`, the last number that an earlier visit took; `remember` keeps it for the next one. */
export function createSequence(seen: number, remember: (seq: number) => void): Sequence {
  let last = seen
  const set = (seq: number) => {
    last = seq
    remember(seq)
  }
  return {
    last: () => last,
    take: seq => {
      if (seq <= last) return 'known'
      if (seq > last + 1) return 'gap'
      set(seq)
      return 'next'
    },
    subscribed: newest => {
      if (newest >= last) return 'resumed'
      set(newest)
      return 'rewound'
    },
  }
}
