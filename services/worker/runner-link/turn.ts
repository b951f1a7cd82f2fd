import type { RunnerCall, RunnerMessage } from '../../../shared/contract/runner.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { RunnerViolation } from './errors.ts'

/** The outcome of one call of a turn. `ms` and `exitCode` are what the runner says. */
export type CallResult = { index: number; id: string; name: string; text: string; ms: number; exitCode?: number }

/**
 * Collects the outcomes of one turn: exactly one for each of its calls, in order, container calls from the runner and worker calls
 * from the worker.
 */
export type TurnResults = {
  /** @throws RunnerViolation for any but the next call's outcome */
  fromRunner(message: Extract<RunnerMessage, { type: 'result' }>): void
  /** Which call the worker is asked for. @throws RunnerViolation for any but the next, or one that the runner has to run */
  asked(index: number): RunnerCall
  fromWorker(call: RunnerCall, text: string, ms: number): void
  /** All of them. @throws RunnerViolation when some are missing */
  complete(): CallResult[]
}

export function createTurnResults(calls: readonly RunnerCall[]): TurnResults {
  const results: CallResult[] = []
  let chars = 0

  function next(index: number, where: RunnerCall['where']): RunnerCall {
    const call = calls[results.length]
    if (!call || call.index !== index || call.where !== where) {
      throw new RunnerViolation(
        `an outcome for call ${index} came where ${call ? call.index : 'the next turn'} was due`,
      )
    }
    return call
  }

  return {
    fromRunner: ({ index, id, text, ms, exitCode }) => {
      const call = next(index, 'container')
      if (call.id !== id) throw new RunnerViolation('an outcome names another call')
      chars += text.length
      if (chars > LIMITS.frames.resultsBytes) throw new RunnerViolation('the outcomes of a turn are too large')
      results.push({ index, id, name: call.name, text, ms, ...(exitCode !== undefined && { exitCode }) })
    },
    asked: index => next(index, 'worker'),
    fromWorker: (call, text, ms) => results.push({ index: call.index, id: call.id, name: call.name, text, ms }),
    complete: () => {
      if (results.length < calls.length)
        throw new RunnerViolation(`${calls.length - results.length} outcomes are missing`)
      return results
    },
  }
}
