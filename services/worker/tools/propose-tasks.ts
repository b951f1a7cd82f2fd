import { parseToolArgs } from '../../../shared/contract/tools.ts'
import { Refused } from '../../../shared/runtime/refused.ts'
import type { Proposed, ProposedDraft } from '../../../shared/runtime/task-store/types.ts'
import type { RunDeps } from '../run/deps.ts'
import { specOf } from './spec-of.ts'
import { stepOf } from './step.ts'
import type { WorkerTool } from './types.ts'

const NAME = 'propose_tasks'

/** Proposes drafts to the user; what is wrong with them goes back to the agent, and then none was created. */
export function proposeTasks({ store }: Pick<RunDeps, 'store'>): WorkerTool {
  return {
    spec: specOf(NAME),
    async run(given, { claim, key }) {
      const parsed = parseToolArgs(NAME, given)
      if (!parsed.ok) return { kind: 'result', text: parsed.error }
      try {
        const text = await store.propose(claim, key, parsed.args, proposed =>
          stepOf({ name: NAME, args: given }, key, { text: proposalText(proposed) }),
        )
        return { kind: 'result', text }
      } catch (error) {
        if (error instanceof Refused) return { kind: 'result', text: refusalText(error) }
        throw error
      }
    },
  }
}

/** What became of a proposal, for the agent: each draft with the names under which it can be changed later. */
export function proposalText({ created, revised, removed, accepted }: Proposed): string {
  const keys = new Map([...created, ...revised].map(({ id, key }) => [id, key]))
  const line = ({ key, title, id, number, dependsOn }: ProposedDraft) => {
    const after = dependsOn.map(prerequisite => keys.get(prerequisite) ?? prerequisite)
    return `- #${number} ${key}: “${title}” (id ${id})${after.length > 0 ? `, after ${after.join(', ')}` : ''}`
  }
  const section = (words: string, drafts: readonly ProposedDraft[]) =>
    drafts.length > 0 ? [`${words}:\n${drafts.map(line).join('\n')}`] : []
  const then = accepted
    ? 'The project accepts by itself: they start on their own.'
    : 'They are drafts: nothing starts before the user has accepted them.'
  return [
    ...section('Created', created),
    ...section('Revised', revised),
    ...section('Removed', removed),
    ...(created.length + revised.length > 0 ? [then] : []),
  ].join('\n\n')
}

function refusalText({ message, errors = [] }: Refused): string {
  const faults = errors.map(({ path, message: fault }) => `\n- ${path}: ${fault}`).join('')
  return `Error: nothing was proposed. ${message}${faults}\nCorrect it and propose all of them again.`
}
