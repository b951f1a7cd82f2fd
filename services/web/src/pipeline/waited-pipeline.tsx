import { useQuery } from '@tanstack/react-query'
import type { Blocked } from '../../../../shared/contract/task.ts'
import { useDeps } from '../app/deps.tsx'
import { Loading } from '../ui/notice.tsx'
import { PipelineView } from './pipeline-view.tsx'

/** The pipeline for which a task or a thread waits. */
export function WaitedPipeline({ blocked }: { blocked: Blocked }) {
  const { queries } = useDeps()
  const [first = ''] = blocked.waitingOn
  const child = useQuery({ ...queries.task(first), enabled: first !== '' })
  const id = child.data?.pipelineId ?? ''
  const pipeline = useQuery({ ...queries.pipeline(id), enabled: id !== '' })
  if (pipeline.data) return <PipelineView pipeline={pipeline.data} />
  return first === '' || child.error || pipeline.error ? null : <Loading label="The pipeline is being read" lines={2} />
}
