import type { CallKey, StepRecord } from '../../../shared/runtime/task-store/types.ts'
import { summarize } from '../run/summary.ts'

/** The journal's entry of a call that the worker has answered. */
export function stepOf(
  call: { name: string; args: unknown },
  { callIndex }: CallKey,
  answer: { text: string; ms?: number },
): StepRecord {
  const { name, args } = call
  return {
    callIndex,
    tool: name,
    summary: summarize({ id: name, name, args }),
    args: args ?? {},
    result: answer.text,
    exitCode: null,
    ms: Math.round(answer.ms ?? 0),
  }
}
