import { Pencil, X } from 'lucide-react'
import { IconButton } from '../ui/button.tsx'
import type { DraftForm } from './draft-form.ts'

/** The drafts that were written before the one in the form. */
export function DraftList({
  drafts,
  onEdit,
  onRemove,
}: {
  drafts: DraftForm[]
  onEdit(draft: DraftForm): void
  onRemove(draft: DraftForm): void
}) {
  if (drafts.length === 0) return null
  return (
    <ul aria-label="Drafts to be created together" className="divide-y divide-line rounded-lg border border-line">
      {drafts.map(draft => (
        <li className="flex items-center gap-2 px-3 py-1.5" key={draft.key}>
          <span className="min-w-0 flex-1 truncate font-medium">{draft.title}</span>
          {draft.dependsOn.length > 0 && (
            <span className="shrink-0 text-muted text-xs">after {draft.dependsOn.length}</span>
          )}
          <IconButton label={`Edit ${draft.title}`} onClick={() => onEdit(draft)}>
            <Pencil aria-hidden className="size-3.5" />
          </IconButton>
          <IconButton label={`Remove ${draft.title}`} onClick={() => onRemove(draft)}>
            <X aria-hidden className="size-4" />
          </IconButton>
        </li>
      ))}
    </ul>
  )
}
