import type { Task } from '../../../../shared/contract/task.ts'
import type { Thread } from '../../../../shared/contract/thread.ts'
import { BudgetPrompt } from '../task/budget-prompt.tsx'
import { blockedWords } from '../task/task-words.ts'
import { Notice } from '../ui/notice.tsx'
import { stateOfThread } from './thread-status.ts'

/** At the end of a thread without a task: why its agent does not go on, or why its last answer came to nothing. */
export function ThreadPrompt({ thread, tasks }: { thread: Thread; tasks: Task[] }) {
  const state = stateOfThread(thread)
  const { blocked, failure } = thread
  if ((state === 'queued' || state === 'waiting') && blocked && !['answer', 'pipeline'].includes(blocked.reason)) {
    return (
      <Notice kind="info" title={`${blockedWords(blocked, id => tasks.find(one => one.id === id))}.`}>
        {blocked.reason === 'budget' ? (
          <BudgetPrompt blocked={blocked} projectId={thread.projectId} taskId={null} />
        ) : (
          'It goes on by itself after that.'
        )}
      </Notice>
    )
  }
  if (!failure) return null
  return state === 'failed' ? (
    <Notice kind="error" title="The agent could not do it">
      {`${failure.message}\nSay what should be different: it goes on from where it was.`}
    </Notice>
  ) : (
    <Notice kind="warning" title="Its change is not part of the main version">
      {`${failure.message}\nTell it below how to go on.`}
    </Notice>
  )
}
