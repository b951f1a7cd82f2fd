import { parseToolArgs } from '../../../shared/contract/tools.ts'
import type { RunDeps } from '../run/deps.ts'
import { specOf } from './spec-of.ts'
import { stepOf } from './step.ts'
import type { WorkerTool } from './types.ts'

const NAME = 'ask_user'

/** Asks the user and parks the task, without container and slot, until somebody has answered in its thread. */
export function askUser({ store }: Pick<RunDeps, 'store'>): WorkerTool {
  return {
    spec: specOf(NAME),
    parks: true,
    async run(given, { claim, key, sinceAsked }) {
      const parsed = parseToolArgs(NAME, given)
      if (!parsed.ok) return { kind: 'result', text: parsed.error }
      if (key.attempt !== claim.attempt) return { kind: 'result', text: GIVEN_UP }
      const text = await store.readAnswer(claim, key, answers =>
        stepOf({ name: NAME, args: given }, key, { text: answerText(answers), ms: sinceAsked() }),
      )
      if (text !== null) return { kind: 'result', text }
      await store.park(claim, { reason: 'answer', waitingOn: [] })
      return { kind: 'parked' }
    },
  }
}

/** The run that asked was stopped; what is said since then is no answer to it. */
const GIVEN_UP =
  'Error: the run was ended before anybody had answered. Ask again if the answer is still needed; what the user has said since then comes next.'

const answerText = (answers: readonly string[]): string => `The user answered:\n${answers.join('\n\n')}`
