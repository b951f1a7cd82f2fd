import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { toast } from 'sonner'
import type { Diff, Task } from '../../../../shared/contract/task.ts'
import { isNotFound, problemWords } from '../api/problem-words.ts'
import { useDeps } from '../app/deps.tsx'
import { Button } from '../ui/button.tsx'
import { Failed } from '../ui/failed.tsx'
import { Empty, Loading, Notice } from '../ui/notice.tsx'
import { count } from '../ui/time-words.ts'
import { totals } from './diff-rows.ts'
import { FileDiff } from './file-diff.tsx'
import { FileList, PlusMinus } from './file-list.tsx'

/** What a task changed, against the commit that it started from. */
export function ChangesTab({ task }: { task: Task }) {
  const { queries } = useDeps()
  const started = task.headSha !== null && task.baseSha !== null
  const diff = useQuery({ ...queries.diff(task.id), enabled: started })
  if (!started || isNotFound(diff.error)) {
    return (
      <Empty title="No changes yet">
        They appear after the agent’s first step, and grow while it works. The main version is not touched.
      </Empty>
    )
  }
  if (diff.isPending) return <Loading label="The changes are being read" lines={6} />
  if (!diff.data) return <Failed error={diff.error} retry={() => void diff.refetch()} what="The changes" />
  return <Files diff={diff.data} task={task} />
}

function Files({ diff, task }: { diff: Diff; task: Task }) {
  const { client } = useDeps()
  const { additions, deletions } = totals(diff.files)
  const download = async () => {
    try {
      const patch = await client.text(`/tasks/${task.id}/diff?format=patch`)
      const link = document.createElement('a')
      link.href = URL.createObjectURL(new Blob([patch], { type: 'text/x-patch' }))
      link.download = `${task.number}-${task.key}.patch`
      link.click()
      URL.revokeObjectURL(link.href)
    } catch (error) {
      toast.error('The patch could not be read', { description: problemWords(error) })
    }
  }
  if (diff.files.length === 0) {
    return <Empty title="Nothing was changed">The agent has left every file as it was.</Empty>
  }
  return (
    <div className="space-y-3 p-3">
      <div className="flex flex-wrap items-center gap-2 text-xs">
        <span className="font-medium text-sm">{count(diff.files.length, 'file')} changed</span>
        <PlusMinus additions={additions} deletions={deletions} />
        <span className="text-muted">
          <code>{diff.baseSha.slice(0, 7)}</code> → <code>{diff.headSha.slice(0, 7)}</code>
        </span>
        <Button className="ml-auto" icon={<Download aria-hidden className="size-3.5" />} onClick={download} small>
          Patch
        </Button>
      </div>
      {diff.truncated && (
        <Notice kind="warning" title="This is not all of it">
          The changes are larger than a page can show. The patch has them all.
        </Notice>
      )}
      <FileList files={diff.files} />
      {diff.files.map(file => (
        <FileDiff file={file} key={file.path} />
      ))}
    </div>
  )
}
