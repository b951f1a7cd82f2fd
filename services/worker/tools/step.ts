import type { ToolCall } from '../../../shared/contract/history.ts'
import type { CallKey, StepRecord } from '../../../shared/runtime/task-store/types.ts'
import { summarize } from '../run/summary.ts'

/** What the column takes, 24 days: an answer may be longer in coming. */
const MOST_MS = 2 ** 31 - 1

/** The journal's entry of a call that has been answered. */
export function stepOf(
  call: Pick<ToolCall, 'name' | 'args'>,
  { callIndex }: Pick<CallKey, 'callIndex'>,
  answer: { text: string; ms?: number; exitCode?: number },
): StepRecord {
  const { name, args } = call
  return {
    callIndex,
    tool: name,
    summary: summarize(call),
    args: args ?? {},
    result: answer.text,
    exitCode: answer.exitCode ?? null,
    ms: Math.min(Math.round(answer.ms ?? 0), MOST_MS),
  }
}
