import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CornerLeftUp } from 'lucide-react'
import type { Task } from '../../../../shared/contract/task.ts'
import { useDeps } from '../app/deps.tsx'
import { nameOf } from './task-words.ts'

const look = 'flex min-w-0 items-center gap-1 text-state-blue text-xs hover:underline'
const icon = <CornerLeftUp aria-hidden className="size-3.5 shrink-0" />

/** What a sub-agent works for: the task whose agent started it, or the thread in which that was said. */
export function ParentLink({ task }: { task: Task }) {
  return task.pipelineId ? <ToParent pipelineId={task.pipelineId} projectId={task.projectId} /> : null
}

function ToParent({ pipelineId, projectId }: { pipelineId: string; projectId: string }) {
  const { queries } = useDeps()
  const pipeline = useQuery(queries.pipeline(pipelineId))
  const taskId = pipeline.data?.taskId ?? null
  const parent = useQuery({ ...queries.task(taskId ?? ''), enabled: taskId !== null })
  if (!pipeline.data) return null
  if (taskId === null) {
    return (
      <Link
        className={look}
        params={{ projectId, threadId: pipeline.data.threadId }}
        to="/p/$projectId/threads/$threadId"
      >
        {icon}
        <span className="truncate">Sub-agent of a thread</span>
      </Link>
    )
  }
  return (
    <Link className={look} params={{ taskId }} search={{ tab: 'pipelines' }} to="/t/$taskId">
      {icon}
      <span className="truncate">Sub-agent of {parent.data ? nameOf(parent.data) : 'a task'}</span>
    </Link>
  )
}
