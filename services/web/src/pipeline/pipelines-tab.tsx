import { useQuery } from '@tanstack/react-query'
import type { Task } from '../../../../shared/contract/task.ts'
import { useDeps } from '../app/deps.tsx'
import { Failed } from '../ui/failed.tsx'
import { Empty, Loading } from '../ui/notice.tsx'
import { PipelineView } from './pipeline-view.tsx'

/** The pipelines that a task's agent started, newest first. */
export function PipelinesTab({ task }: { task: Task }) {
  const { queries } = useDeps()
  const pipelines = useQuery(queries.pipelines(task.threadId))
  if (pipelines.isPending) return <Loading label="The pipelines are being read" />
  if (!pipelines.data)
    return <Failed error={pipelines.error} retry={() => void pipelines.refetch()} what="The pipelines" />
  if (pipelines.data.length === 0) {
    return (
      <Empty title="No pipeline yet">
        Where parts of the work do not need each other, the agent has sub-agents do them at the same time. You see them
        here.
      </Empty>
    )
  }
  return (
    <div className="space-y-6 p-4">
      {pipelines.data
        .toSorted((one, other) => other.createdAt.localeCompare(one.createdAt))
        .map(pipeline => (
          <PipelineView key={pipeline.id} pipeline={pipeline} />
        ))}
    </div>
  )
}
