import type { Task } from '../../../../shared/contract/task.ts'
import { Composer } from '../thread/composer.tsx'
import { takesMessages } from './moves.ts'

/** What a message does in each situation, and what to write. */
function wordsFor({ state, blocked }: Task): { hint: string; placeholder: string } {
  if (blocked?.reason === 'answer') return { hint: 'The agent goes on with your answer.', placeholder: 'Your answer' }
  if (state === 'active') return { hint: 'Is read at its next step.', placeholder: 'Tell the agent something' }
  if (state === 'ready' || state === 'failed' || state === 'cancelled') {
    return { hint: 'Starts it again with this feedback.', placeholder: 'What should be different?' }
  }
  return { hint: 'Is read when the agent starts.', placeholder: 'Something the agent should know' }
}

/** A field for a message to a task's agent, or why nobody would read one. */
export function TaskComposer({ task, onSend }: { task: Task; onSend(text: string): void }) {
  if (takesMessages(task.state)) return <Composer {...wordsFor(task)} onSend={onSend} threadId={task.threadId} />
  const over = task.state === 'applying' ? 'It is being applied' : 'This task is over'
  return (
    <p className="border-line border-t px-3 py-3 text-center text-muted text-xs">
      {over}: nobody would read a message. Create a new task for what is left to do.
    </p>
  )
}
