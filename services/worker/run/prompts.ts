import { contextBlock, type FinishedPrerequisite } from '../../../shared/domain/context-block.ts'
import { fenced } from '../../../shared/domain/fenced.ts'
import { type Clash, clashNote } from '../../../shared/domain/pipeline-result.ts'
import type { Claim, FollowedTask } from '../../../shared/runtime/task-store/types.ts'

/**
 * The first message of a task's thread: what the task was that it follows, the outputs of its prerequisites, then the task; a sub-agent's
 * is its prompt alone, behind what it has to settle first.
 */
export function taskPrompt(
  { kind, title, text, prerequisites, follows }: Pick<Claim, 'kind' | 'title' | 'text' | 'prerequisites' | 'follows'>,
  clashes: readonly Clash[] = [],
): string {
  const { description, plan, doneWhen } = text
  const whole = plan.startsWith(description) ? plan : `${description}\n\n${plan}`
  const all = kind === 'pipeline' ? [plan] : [title, whole, doneWhen && `Done when: ${doneWhen}`]
  const task = [clashes.length > 0 && clashNote(clashes), ...all].filter(Boolean).join('\n\n')
  const finished = prerequisites.map(({ title, output, activeSeconds }) => ({ title, output, seconds: activeSeconds }))
  return contextBlock(follows ? [followed(follows), ...finished] : finished, task)
}

/** A done task as the one that goes on with it is told of it: what it was to do, and what its agent said of it. */
function followed({ title, description, plan, doneWhen, output, activeSeconds }: FollowedTask): FinishedPrerequisite {
  const asked = [description, plan, doneWhen && `Done when: ${doneWhen}`].filter(Boolean).join('\n\n')
  const told = [
    'Your task follows this one, whose work is part of the main version already.',
    `What it was to do:\n${asked}`,
    `What was done:\n${output}`,
  ]
  return { title, seconds: activeSeconds, output: told.join('\n\n') }
}

/** What the agent reads when its reply was longer than the model may write. */
export const REPLY_CUT =
  'Your reply was cut off at the most that you can write at once. Go on in smaller steps: call tools, or, if you are done, answer with a short summary.'

/** What the agent reads when its work did not pass the project's checks. */
export function checkFailed(check: { command: string; exitCode: number; output: string }, roundsLeft: number): string {
  const rounds = roundsLeft === 1 ? 'This is the last round' : `${roundsLeft} rounds are left`
  return `The project's checks failed on your work.

\`${check.command}\` ended with exit code ${check.exitCode}:

${fenced(check.output, 'text')}

Repair it, then stop again. ${rounds}; after that the task is handed over with its failing checks.`
}
