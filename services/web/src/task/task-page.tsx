import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { Task } from '../../../../shared/contract/task.ts'
import { isNotFound } from '../api/problem-words.ts'
import { cachedTask } from '../api/task-cache.ts'
import { Missing } from '../app/broken.tsx'
import { useDeps } from '../app/deps.tsx'
import { useMedia } from '../app/use-media.ts'
import { useTitle } from '../app/use-title.ts'
import { useFollow } from '../live/use-live.ts'
import { runOfTask } from '../thread/thread-run.ts'
import { ThreadView } from '../thread/thread-view.tsx'
import { Failed } from '../ui/failed.tsx'
import { Loading } from '../ui/notice.tsx'
import { MoveProvider } from './move-provider.tsx'
import { ReviewPrompt } from './review-prompt.tsx'
import { TaskBar } from './task-bar.tsx'
import { TaskComposer } from './task-composer.tsx'
import { TaskSides } from './task-sides.tsx'
import type { TaskTab } from './task-tabs.ts'
import { TaskTabsView } from './task-tabs-view.tsx'
import { nameOf } from './task-words.ts'
import { useStateAnnouncements } from './use-state-announcements.ts'

/** A task: its thread on the left, what came of it on the right; on narrow screens all as tabs. */
export function TaskPage({ taskId, tab }: { taskId: string; tab: TaskTab | undefined }) {
  const { queries } = useDeps()
  const queryClient = useQueryClient()
  const task = useQuery({ ...queries.task(taskId), placeholderData: () => cachedTask(queryClient, taskId) })
  useTitle(task.data && nameOf(task.data))
  if (isNotFound(task.error)) return <Missing />
  if (task.isPending) return <Loading label="The task is being read" lines={6} />
  if (!task.data) return <Failed error={task.error} retry={() => void task.refetch()} what="The task" />
  return <LoadedTask tab={tab} task={task.data} />
}

function LoadedTask({ task, tab }: { task: Task; tab: TaskTab | undefined }) {
  const { queries } = useDeps()
  const navigate = useNavigate()
  const wide = useMedia('(min-width: 1024px)')
  const board = useQuery(queries.tasks(task.projectId))
  const tasks = board.data ?? [task]
  useFollow(task.projectId)
  useStateAnnouncements(task.projectId)
  const onTab = (next: TaskTab) =>
    void navigate({ to: '/t/$taskId', params: { taskId: task.id }, search: { tab: next }, replace: true })
  const thread = (
    <ThreadView
      composer={send => <TaskComposer onSend={text => send({ text })} task={task} />}
      nothingYet={<NothingYet task={task} />}
      prompt={<ReviewPrompt onTab={onTab} task={task} tasks={tasks} />}
      run={runOfTask(task)}
    />
  )
  return (
    <MoveProvider tasks={tasks}>
      <TaskBar task={task} tasks={tasks} />
      {wide ? (
        <TaskSides
          left={thread}
          right={<TaskTabsView onTab={onTab} tab={tab === 'thread' ? undefined : tab} task={task} tasks={tasks} />}
        />
      ) : (
        <TaskTabsView onTab={onTab} tab={tab ?? 'thread'} task={task} tasks={tasks} thread={thread} />
      )}
    </MoveProvider>
  )
}

function NothingYet({ task }: { task: Task }) {
  const words =
    task.state === 'draft'
      ? 'The conversation with the agent begins when you accept the draft.'
      : 'The conversation begins when an agent takes the task.'
  return <p className="py-6 text-center text-muted">{words}</p>
}
