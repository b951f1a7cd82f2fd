import type { Task } from '../../../../shared/contract/task.ts'
import { nameOf } from './task-words.ts'

/** Tasks by number and title, in order. */
export function TaskNames({ tasks, numbered }: { tasks: readonly Task[]; numbered?: boolean }) {
  const List = numbered ? 'ol' : 'ul'
  return (
    <List className={numbered ? 'list-decimal space-y-0.5 pl-5' : 'list-disc space-y-0.5 pl-5'}>
      {tasks.map(task => (
        <li className="break-words text-fg" key={task.id}>
          {nameOf(task)}
        </li>
      ))}
    </List>
  )
}
