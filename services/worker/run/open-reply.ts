import { type HistoryMessage, INTERRUPTED_RESULT, type ToolCall } from '../../../shared/contract/history.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import type { CallKey, StepRecord, OpenReply as StoredReply } from '../../../shared/runtime/task-store/types.ts'
import type { CallResult } from '../runner-link/turn.ts'
import { stepOf } from '../tools/step.ts'
import type { Route, Toolbox, WorkerTool } from '../tools/types.ts'
import { forModel } from './for-model.ts'

/** A call with the way in which it is carried out. */
export interface RoutedCall {
  key: CallKey
  call: ToolCall
  route: Route
}

/** The last reply of the model while its calls are being answered. */
export interface OpenReply {
  readonly stored: StoredReply
  /** Milliseconds since it was stored, in whichever run. */
  age(): number
  /** Calls that the runner carries out or asks the worker for, in order. */
  readonly runnable: readonly RoutedCall[]
  /** The next unanswered call that may end the run. */
  nextParking(): (RoutedCall & { tool: WorkerTool }) | null
  /** Gives an answer to a call that has none; its step. */
  answer(callIndex: number, result: { text: string; ms: number; exitCode?: number }): StepRecord
  /** All steps, and the message that answers the reply; what was not answered is called interrupted. */
  end(): { steps: StepRecord[]; results: Extract<HistoryMessage, { role: 'tool' }> }
}

export function createOpenReply(stored: StoredReply, calls: readonly ToolCall[], toolbox: Toolbox): OpenReply {
  const { attempt, iteration } = stored
  const openedAt = performance.now()
  const steps = new Map(stored.journal.map(step => [step.callIndex, step]))
  const routed = calls.map((call, callIndex): RoutedCall => {
    const route = routeOf(call, callIndex, toolbox)
    return { key: { attempt, iteration, callIndex }, call, route }
  })

  const answer: OpenReply['answer'] = (callIndex, result) => {
    const step = stepOf(calls[callIndex]!, { callIndex }, result)
    if (!steps.has(callIndex)) steps.set(callIndex, step)
    return step
  }
  for (const { key, route } of routed) {
    if (route.where === 'nowhere') answer(key.callIndex, { text: route.error, ms: 0 })
  }
  const open = ({ key }: RoutedCall) => !steps.has(key.callIndex)
  const parks = ({ route }: RoutedCall) => route.where === 'worker' && route.tool.parks === true

  return {
    stored,
    age: () => stored.ageMs + performance.now() - openedAt,
    runnable: routed.filter(call => open(call) && !parks(call)),
    answer,
    nextParking() {
      const next = routed.find(call => open(call) && parks(call))
      return next?.route.where === 'worker' ? { ...next, tool: next.route.tool } : null
    },
    end() {
      for (const call of routed) if (open(call)) answer(call.key.callIndex, { text: INTERRUPTED_RESULT, ms: 0 })
      return {
        steps: routed.map(({ key }) => steps.get(key.callIndex)!),
        results: {
          role: 'tool',
          results: routed.map(({ key, call: { id, name } }) => ({
            callId: id,
            name,
            text: forModel(name, steps.get(key.callIndex)!.result),
          })),
        },
      }
    },
  }
}

/** The steps of container calls that a turn brought. */
export function stepsOf(reply: OpenReply, results: readonly CallResult[]): StepRecord[] {
  const byId = new Map(reply.runnable.map(({ key, call }) => [call.id, key.callIndex]))
  return results.flatMap(result => {
    const callIndex = byId.get(result.id)
    return callIndex === undefined ? [] : [reply.answer(callIndex, result)]
  })
}

function routeOf(call: ToolCall, index: number, toolbox: Toolbox): Route {
  if (call.error) return { where: 'nowhere', error: call.error }
  if (index < LIMITS.tools.callsPerIteration) return toolbox.route(call.name, call.args ?? {})
  const most = LIMITS.tools.callsPerIteration
  return { where: 'nowhere', error: `Error: at most ${most} calls fit into one reply; call it again in the next.` }
}
