import type { Task } from '../../../../shared/contract/task.ts'
import { Confirm } from '../ui/dialog.tsx'
import { count } from '../ui/time-words.ts'
import { TaskNames } from './task-names.tsx'
import { nameOf } from './task-words.ts'

interface Question {
  task: Task
  onConfirm(): void
  onClose(): void
}

/** Asks before others are applied along with a task. */
export function ApplyQuestion({ task, before, onConfirm, onClose }: Question & { before: Task[] }) {
  return (
    <Confirm
      action="Apply changes"
      onConfirm={onConfirm}
      onOpenChange={open => open || onClose()}
      open
      title={`Apply ${count(before.length + 1, 'task')} to the main version?`}
    >
      <p>{nameOf(task)} builds on work that is not part of main yet. In this order:</p>
      <TaskNames numbered tasks={[...before, task]} />
      <p>If one of them cannot be applied, all return to Ready and main stays as it is.</p>
    </Confirm>
  )
}

/** Asks before a task is discarded, and names those that build on it. */
export function DismissQuestion({ task, after, onConfirm, onClose }: Question & { after: Task[] }) {
  return (
    <Confirm
      action="Dismiss"
      danger
      onConfirm={onConfirm}
      onOpenChange={open => open || onClose()}
      open
      title={`Dismiss ${nameOf(task)}?`}
    >
      <p>{task.state === 'draft' ? 'The draft is discarded.' : 'Its changes are discarded; main stays as it is.'}</p>
      {after.length > 0 && (
        <>
          <p>{after.length === 1 ? 'This task builds on it:' : 'These tasks build on it:'}</p>
          <TaskNames tasks={after} />
          <p>
            Those that have started become stale and cannot be applied until they are done anew; those that have not
            will wait until you remove the dependency.
          </p>
        </>
      )}
    </Confirm>
  )
}
