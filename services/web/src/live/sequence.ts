/** What has been seen of a project's events, and what to do with the next. */
export interface Sequence {
  /** The last number taken; null before the first subscription. */
  last(): number | null
  /** Whether this number is the next one: `known` was seen before, `gap` means that some are missing in between. */
  take(seq: number): 'next' | 'known' | 'gap'
  /**
   * The server's newest number on subscribing. `begun`: nothing was seen before, counting begins there. `rewound`: it is
   * smaller than what was seen, so its history is another one and counting begins anew.
   */
  subscribed(newest: number): 'resumed' | 'begun' | 'rewound'
}

/** Counts from `seen`, the last number that an earlier visit took, or null; `remember` keeps it for the next one. */
export function createSequence(seen: number | null, remember: (seq: number) => void): Sequence {
  let last = seen
  const set = (seq: number) => {
    last = seq
    remember(seq)
  }
  return {
    last: () => last,
    take: seq => {
      if (last === null || seq <= last) return 'known'
      if (seq > last + 1) return 'gap'
      set(seq)
      return 'next'
    },
    subscribed: newest => {
      if (last !== null && newest >= last) return 'resumed'
      const place = last === null ? 'begun' : 'rewound'
      set(newest)
      return place
    },
  }
}
