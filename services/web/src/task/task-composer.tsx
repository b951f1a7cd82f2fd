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
  if (state === 'done') {
    return { hint: 'Makes a follow-up task on the newest main version.', placeholder: 'What is left to do?' }
  }
  if (state === 'applying') {
    return { hint: 'Is read if it comes back; else it makes a follow-up task.', placeholder: 'What is left to do?' }
  }
  if (state === 'waiting') return { hint: 'Is read as soon as it goes on.', placeholder: 'Tell the agent something' }
  return { hint: 'Is read when the agent starts.', placeholder: 'Something the agent should know' }
}

/** A field for a message to a task's agent, or why nobody would read one. */
export function TaskComposer({ task, onSend }: { task: Task; onSend(text: string): void }) {
  if (takesMessages(task)) return <Composer {...wordsFor(task)} onSend={onSend} threadId={task.threadId} />
  return (
    <p className="border-line border-t px-3 py-3 text-center text-muted text-xs">
      {task.pipelineId
        ? 'This sub-agent is done. What follows is decided by the task that started it: write in its thread.'
        : 'This task is over: nobody would read a message. Create a new task for what is left to do.'}
    </p>
  )
}
