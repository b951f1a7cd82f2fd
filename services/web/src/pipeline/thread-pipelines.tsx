import { useQuery } from '@tanstack/react-query'
import { useDeps } from '../app/deps.tsx'
import { Loading } from '../ui/notice.tsx'
import { count } from '../ui/time-words.ts'
import { PipelineView } from './pipeline-view.tsx'

/** At the end of a thread: what its agent waits for. `past`: those that have ended as well, behind a line that opens. */
export function ThreadPipelines({ threadId, waits, past }: { threadId: string; waits: boolean; past?: boolean }) {
  const { queries } = useDeps()
  const pipelines = useQuery(queries.pipelines(threadId))
  if (waits && pipelines.isPending) return <Loading label="The pipeline is being read" lines={2} />
  const running = pipelines.data?.filter(({ state }) => state === 'running') ?? []
  const ended = past ? (pipelines.data?.filter(({ state }) => state !== 'running') ?? []) : []
  return (
    <>
      {running.map(pipeline => (
        <PipelineView key={pipeline.id} pipeline={pipeline} />
      ))}
      {ended.length > 0 && (
        <details className="rounded-lg border border-line px-3 py-2">
          <summary className="text-muted text-xs">{count(ended.length, 'earlier pipeline')} of this thread</summary>
          <div className="space-y-5 pt-3">
            {ended.map(pipeline => (
              <PipelineView key={pipeline.id} pipeline={pipeline} />
            ))}
          </div>
        </details>
      )}
    </>
  )
}
