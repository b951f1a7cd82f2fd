import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Thread } from '../../../../shared/contract/thread.ts'
import { isNotFound } from '../api/problem-words.ts'
import { Missing } from '../app/broken.tsx'
import { useDeps } from '../app/deps.tsx'
import { InBar } from '../app/shell-slots.tsx'
import { useTitle } from '../app/use-title.ts'
import { needsYou } from '../board/board-view.ts'
import { useFollow } from '../live/use-live.ts'
import { ProjectBar } from '../projects/project-bar.tsx'
import { MoveProvider } from '../task/move-provider.tsx'
import { useStateAnnouncements } from '../task/use-state-announcements.ts'
import { Failed } from '../ui/failed.tsx'
import { Loading } from '../ui/notice.tsx'
import { NewThreadDialog } from './new-thread-dialog.tsx'
import { ProjectThread } from './project-thread.tsx'
import { ThreadMark } from './thread-mark.tsx'
import { ThreadRail } from './thread-rail.tsx'
import { runOfThread } from './thread-status.ts'

/** The conversations of a project, one of them open: the main thread unless another was chosen. */
export function ThreadsPage({ projectId, threadId }: { projectId: string; threadId: string | undefined }) {
  const { queries } = useDeps()
  const navigate = useNavigate()
  const project = useQuery(queries.project(projectId))
  const threads = useQuery(queries.threads(projectId))
  const tasks = useQuery(queries.tasks(projectId))
  const [opening, setOpening] = useState(false)
  const current = threadId ?? project.data?.mainThreadId
  const thread = useQuery({ ...queries.thread(current ?? ''), enabled: current !== undefined })
  const known = tasks.data ?? []
  useFollow(projectId)
  useStateAnnouncements(projectId)
  useTitle(project.data && `Threads · ${project.data.name}`, needsYou(known))
  const show = ({ id }: Thread) => {
    setOpening(false)
    void navigate({ to: '/p/$projectId/threads/$threadId', params: { projectId, threadId: id } })
  }

  const error = project.error ?? thread.error
  if (isNotFound(error)) return <Missing />
  return (
    <MoveProvider tasks={known}>
      <InBar>
        <ProjectBar current="threads" project={project.data} projectId={projectId} />
        {thread.data && <ThreadTitle thread={thread.data} />}
      </InBar>
      <div className="flex h-full min-h-0 max-md:flex-col">
        <ThreadRail current={current ?? ''} onNew={() => setOpening(true)} tasks={known} threads={threads.data ?? []} />
        <div className="min-h-0 min-w-0 flex-1">
          {error && !thread.data && <Failed error={error} retry={() => void thread.refetch()} what="The thread" />}
          {thread.isPending && !error && <Loading label="The thread is being read" lines={5} />}
          {thread.data && <ProjectThread key={thread.data.id} tasks={known} thread={thread.data} />}
        </div>
      </div>
      {opening && <NewThreadDialog onClose={() => setOpening(false)} onOpened={show} projectId={projectId} />}
    </MoveProvider>
  )
}

function ThreadTitle({ thread }: { thread: Thread }) {
  const { state, asks } = runOfThread(thread)
  return (
    <span className="flex min-w-0 items-center gap-2 max-md:hidden">
      <span className="min-w-0 truncate text-muted">{thread.kind === 'main' ? 'Main thread' : thread.title}</span>
      <ThreadMark asks={asks} state={state} />
    </span>
  )
}
