import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useDeps } from '../app/deps.tsx'
import { StateMark } from '../task/state-mark.tsx'
import { nameOf } from '../task/task-words.ts'

/** Tasks by name and state, each a link to its page. `title`: for one that this browser does not know yet. */
export function TaskLinks({
  projectId,
  tasks,
  label,
}: {
  projectId: string
  tasks: { taskId: string; title?: string }[]
  label: string
}) {
  const { queries } = useDeps()
  const board = useQuery(queries.tasks(projectId))
  return (
    <ul aria-label={label} className="mt-1.5 space-y-1">
      {tasks.map(({ taskId, title }) => {
        const task = board.data?.find(one => one.id === taskId)
        return (
          <li className="flex min-w-0 items-center gap-2 text-xs" key={taskId}>
            {task && <StateMark asks={task.blocked?.reason === 'answer'} state={task.state} />}
            <Link className="min-w-0 truncate text-state-blue hover:underline" params={{ taskId }} to="/t/$taskId">
              {task ? nameOf(task) : (title ?? 'A task')}
            </Link>
          </li>
        )
      })}
    </ul>
  )
}
