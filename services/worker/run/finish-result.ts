import type { HistoryMessage } from '../../../shared/contract/history.ts'

/** What becomes of a run whose agent has stopped. `go_on`: it has been told something, or has not read everything, and keeps working. */
export type Finish = { kind: 'ready' } | { kind: 'go_on'; told: HistoryMessage[] }
