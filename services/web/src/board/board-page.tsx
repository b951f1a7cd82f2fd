import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useState } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { isNotFound } from '../api/problem-words.ts'
import { Missing } from '../app/broken.tsx'
import { useDeps } from '../app/deps.tsx'
import { useHotkey } from '../app/hotkeys.ts'
import { useTitle } from '../app/use-title.ts'
import { useFollow } from '../live/use-live.ts'
import { MoveProvider } from '../task/move-provider.tsx'
import { useStateAnnouncements } from '../task/use-state-announcements.ts'
import { Failed } from '../ui/failed.tsx'
import { Loading } from '../ui/notice.tsx'
import { BoardBar } from './board-bar.tsx'
import { BoardColumns } from './board-columns.tsx'
import { BoardEmpty } from './board-empty.tsx'
import { type BoardView, needsYou } from './board-view.ts'

const NewTaskDialog = lazy(async () => ({ default: (await import('./new-task-dialog.tsx')).NewTaskDialog }))

/** The board of a project: four columns of live cards. */
export function BoardPage({ projectId, view }: { projectId: string; view: BoardView }) {
  const { queries } = useDeps()
  const navigate = useNavigate()
  const project = useQuery(queries.project(projectId))
  const tasks = useQuery(queries.tasks(projectId))
  const [creating, setCreating] = useState(false)
  const known = tasks.data ?? []
  useFollow(projectId)
  useStateAnnouncements(projectId)
  useHotkey('c', () => setCreating(true), project.data !== undefined)
  useTitle(project.data?.name, needsYou(known))
  const setView = useCallback(
    (next: BoardView) => void navigate({ to: '/p/$projectId', params: { projectId }, search: next, replace: true }),
    [navigate, projectId],
  )

  if (isNotFound(project.error)) return <Missing />
  const error = project.error ?? tasks.error
  return (
    <MoveProvider tasks={known}>
      <BoardBar
        onNewTask={() => setCreating(true)}
        onView={setView}
        project={project.data}
        projectId={projectId}
        tasks={known}
        view={view}
      />
      {error && !tasks.data && <Failed error={error} retry={() => void tasks.refetch()} what="The board" />}
      {tasks.isPending && <Loading label="The board is being read" lines={5} />}
      {tasks.data && project.data && known.length === 0 && (
        <BoardEmpty onNewTask={() => setCreating(true)} project={project.data} />
      )}
      {known.length > 0 && <BoardColumns onView={setView} tasks={known as Task[]} view={view} />}
      {creating && project.data && (
        <Suspense>
          <NewTaskDialog onClose={() => setCreating(false)} project={project.data} tasks={known} />
        </Suspense>
      )}
    </MoveProvider>
  )
}
