import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { MessageSquare, Plus } from 'lucide-react'
import { type ReactNode, useId } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import type { Thread } from '../../../../shared/contract/thread.ts'
import { useDeps } from '../app/deps.tsx'
import { StateMark } from '../task/state-mark.tsx'
import { IconButton } from '../ui/button.tsx'
import { cx } from '../ui/cx.ts'
import { taskThreads } from './task-threads.ts'
import { ThreadMark } from './thread-mark.tsx'
import { runOfThread } from './thread-status.ts'

const MOST_TASKS = 200

/** Every conversation of a project with what its agent does: the main thread, further ones, those of the tasks. */
export function ThreadRail({
  threads,
  tasks,
  current,
  onNew,
}: {
  threads: Thread[]
  tasks: Task[]
  /** Id of the thread that is shown. */
  current: string
  onNew(): void
}) {
  const own = threads.filter(thread => thread.kind === 'main')
  const chats = threads.filter(thread => thread.kind === 'chat')
  const working = taskThreads(tasks)
  return (
    <nav
      aria-label="Threads"
      className="shrink-0 overflow-y-auto border-line bg-panel p-2 max-md:max-h-44 max-md:border-b md:w-72 md:border-r"
    >
      <Group
        action={
          <IconButton label="New thread" onClick={onNew}>
            <Plus aria-hidden className="size-4" />
          </IconButton>
        }
        title="Plan and build"
      >
        {[...own, ...chats].map(thread => (
          <ThreadLink current={thread.id === current} key={thread.id} thread={thread} />
        ))}
      </Group>
      <Group title="Tasks">
        {working.length === 0 && (
          <li className="px-2 py-1 text-muted text-xs">Accepted tasks have their threads here.</li>
        )}
        {working.slice(0, MOST_TASKS).map(task => (
          <TaskLink key={task.id} task={task} />
        ))}
      </Group>
    </nav>
  )
}

function Group({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  const id = useId()
  return (
    <section aria-labelledby={id} className="mb-3">
      <header className="flex h-7 items-center justify-between px-2">
        <h2 className="font-semibold text-2xs text-muted uppercase tracking-wide" id={id}>
          {title}
        </h2>
        {action}
      </header>
      <ul className="space-y-px">{children}</ul>
    </section>
  )
}

const place = 'block rounded-md px-2 py-1.5 hover:bg-sunken'

function ThreadLink({ thread: listed, current }: { thread: Thread; current: boolean }) {
  const { queries } = useDeps()
  // Each is read by itself when its agent moves: the list holds the threads of all tasks as well.
  const { data: thread = listed } = useQuery({ ...queries.thread(listed.id), placeholderData: listed })
  const { state, asks } = runOfThread(thread)
  return (
    <li>
      <Link
        aria-current={current ? 'page' : undefined}
        className={cx(place, current && 'bg-sunken font-medium ring-1 ring-line-strong ring-inset')}
        params={{ projectId: thread.projectId, threadId: thread.id }}
        to="/p/$projectId/threads/$threadId"
      >
        <span className="flex items-center gap-1.5">
          <MessageSquare aria-hidden className="size-3.5 shrink-0 text-muted" />
          <span className="min-w-0 flex-1 truncate">{thread.kind === 'main' ? 'Main thread' : thread.title}</span>
        </span>
        <ThreadMark asks={asks} state={state} />
      </Link>
    </li>
  )
}

function TaskLink({ task }: { task: Task }) {
  const asks = task.blocked?.reason === 'answer'
  return (
    <li>
      <Link className={place} params={{ taskId: task.id }} to="/t/$taskId">
        <span className="block truncate">
          <span className="text-muted">#{task.number}</span> {task.title}
        </span>
        <StateMark asks={asks} state={task.state} />
      </Link>
    </li>
  )
}
