import { claimsAreExclusive, epochsRise, lateWritesAreCounted, lateWritesAreRefused } from './checks/claim-rules.ts'
import { attemptsAreAskedFor, eventsAreGapless, movesFormAChain, startsObeyEdges } from './checks/event-rules.ts'
import { limitsHold } from './checks/limit-rules.ts'
import { parentsWait, pipelinesEndOnce, subAgentsStartOnce } from './checks/pipeline-rules.ts'
import { edgesHaveNoCircle, nothingIsForgotten, restIsClean } from './checks/rest-rules.ts'
import type { Rule } from './checks/rule.ts'
import { appliedOnceInOrder, iterationsAreKept, messagesAreReadOnce, readyMeansRead } from './checks/work-rules.ts'
import type { History } from './history.ts'

const ALWAYS = {
  eventsAreGapless,
  movesFormAChain,
  startsObeyEdges,
  attemptsAreAskedFor,
  epochsRise,
  claimsAreExclusive,
  lateWritesAreRefused,
  lateWritesAreCounted,
  limitsHold,
  iterationsAreKept,
  messagesAreReadOnce,
  readyMeansRead,
  appliedOnceInOrder,
  parentsWait,
  pipelinesEndOnce,
  subAgentsStartOnce,
  nothingIsForgotten,
  edgesHaveNoCircle,
} satisfies Record<string, Rule>

export type RuleName = keyof typeof ALWAYS | 'restIsClean'
export const RULE_NAMES = [...Object.keys(ALWAYS), 'restIsClean'] as RuleName[]

export interface Violation {
  rule: RuleName
  detail: string
}

/** What is wrong with a history; nothing is, where all held. `atRest`: nothing moves any more, so that nothing may be left over. */
export function check(history: History, { atRest = true }: { atRest?: boolean } = {}): Violation[] {
  const rules: Partial<Record<RuleName, Rule>> = atRest ? { ...ALWAYS, restIsClean } : ALWAYS
  return Object.entries(rules).flatMap(([rule, holds]) =>
    holds(history).map(detail => ({ rule: rule as RuleName, detail })),
  )
}
