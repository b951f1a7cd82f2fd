import type { PlanVersion } from '../../../../shared/contract/task.ts'
import { type DiffLine, lineDiff } from './line-diff.ts'

/** One part of a plan that differs between two versions. */
export interface PartChange {
  part: string
  lines: DiffLine[]
}

/**
 * What changed from one version of a plan to another, part by part; empty where nothing did.
 * @param named words for a task's id
 */
export function planChanges(before: PlanVersion, after: PlanVersion, named: (id: string) => string): PartChange[] {
  const texts = (plan: PlanVersion): Record<string, string> => ({
    Title: plan.title,
    Description: plan.description,
    Plan: plan.plan,
    'Done when': plan.doneWhen,
    'Depends on': plan.dependsOn.map(named).join('\n'),
  })
  const old = texts(before)
  return Object.entries(texts(after))
    .filter(([part, text]) => text !== old[part])
    .map(([part, text]) => ({ part, lines: lineDiff(old[part]!, text) }))
}
