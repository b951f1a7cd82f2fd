import { parseToolArgs } from '../../../shared/contract/tools.ts'
import { ModelLimited, ModelRefused, ModelUnavailable } from '../models/errors.ts'
import { askAside } from '../run/ask.ts'
import type { RunDeps } from '../run/deps.ts'
import { BudgetReached } from '../run/failure.ts'
import { CONSULTED } from '../run/system-prompts.ts'
import { specOf } from './spec-of.ts'
import type { WorkerTool } from './types.ts'

const NAME = 'consult'

/** Asks the project's second model, which has no tools and sees nothing but the question. */
export function consult(deps: RunDeps): WorkerTool {
  return {
    spec: specOf(NAME),
    async run(given, { claim, signal }) {
      const parsed = parseToolArgs(NAME, given)
      if (!parsed.ok) return { kind: 'result', text: parsed.error }
      const model = claim.settings.consultModel
      if (!model) return { kind: 'result', text: 'Error: the project names no second model. Decide yourself.' }
      const question = { purpose: 'consult', model, system: CONSULTED, text: parsed.args.question } as const
      try {
        const { text, truncated } = await askAside(deps, claim, question, signal)
        const cut = truncated ? '\n[the answer was cut off at the most that the model can write]' : ''
        return { kind: 'result', text: text.trim() === '' ? '[the model said nothing]' : `${text}${cut}` }
      } catch (error) {
        signal.throwIfAborted()
        const reason = failureOf(error)
        if (reason === null) throw error
        return { kind: 'result', text: `Error: ${model} gave no opinion: ${reason}. Go on without it.` }
      }
    },
  }
}

/** In words what keeps the second model from answering; null for what is no failure of a model. */
function failureOf(error: unknown): string | null {
  if (error instanceof ModelLimited) return `its limit is reached until ${error.until.toISOString()}`
  if (error instanceof BudgetReached && !error.parked) return error.message
  if (error instanceof ModelRefused || error instanceof ModelUnavailable || error instanceof BudgetReached)
    return error.message
  return null
}
