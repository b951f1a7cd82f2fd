import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CornerLeftUp } from 'lucide-react'
import type { Task } from '../../../../shared/contract/task.ts'
import { useDeps } from '../app/deps.tsx'
import { nameOf } from './task-words.ts'

/** What a sub-agent works for: the task whose agent started it, or the project's threads where that was said in one of them. */
export function ParentLink({ task }: { task: Task }) {
  const { queries } = useDeps()
  const parent = useQuery({
    ...queries.task(task.parentTaskId ?? ''),
    enabled: task.parentTaskId !== null,
    retry: false,
  })
  if (!task.pipelineId || parent.isLoading) return null
  const look = 'flex min-w-0 items-center gap-1 text-state-blue text-xs hover:underline'
  const icon = <CornerLeftUp aria-hidden className="size-3.5 shrink-0" />
  return parent.data ? (
    <Link className={look} params={{ taskId: parent.data.id }} search={{ tab: 'pipelines' }} to="/t/$taskId">
      {icon}
      <span className="truncate">Sub-agent of {nameOf(parent.data)}</span>
    </Link>
  ) : (
    <Link className={look} params={{ projectId: task.projectId }} to="/p/$projectId/threads">
      {icon}
      <span className="truncate">Sub-agent of a thread</span>
    </Link>
  )
}
