import { useQuery } from '@tanstack/react-query'
import { useDeps } from '../app/deps.tsx'
import { ReviseDialog } from './revise-dialog.tsx'

/** The dialog over all drafts of a board, some of them ticked. */
export function ReviseDrafts({ projectId, first, onClose }: { projectId: string; first: string[]; onClose(): void }) {
  const { queries } = useDeps()
  const tasks = useQuery(queries.tasks(projectId))
  const drafts = (tasks.data ?? []).filter(({ state }) => state === 'draft')
  return <ReviseDialog drafts={drafts} first={first} onClose={onClose} projectId={projectId} />
}
