import type { History } from '../history.ts'

/** What must hold of every history; gives a sentence for each place where it does not. */
export type Rule = (history: History) => string[]

export const byTask = <T extends { taskId: string }>(rows: readonly T[]): Map<string, T[]> =>
  Map.groupBy(rows, ({ taskId }) => taskId)
