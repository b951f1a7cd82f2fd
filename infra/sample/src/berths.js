/** The berths of the harbour, from the entrance inwards. */
export const berths = [
  { id: 1, metres: 8 },
  { id: 2, metres: 10 },
  { id: 3, metres: 12 },
  { id: 4, metres: 18 },
]

/** The smallest berth that a boat of that length fits into, or undefined. */
export function berthFor(metres) {
  return berths.filter(berth => berth.metres >= metres).sort((a, b) => a.metres - b.metres)[0]
}
