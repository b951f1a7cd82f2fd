import { useId } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { nameOf } from '../task/task-words.ts'
import { cx } from '../ui/cx.ts'

/** Drafts with a check box each. `more`: shown below a draft's name. */
export function DraftRows({
  drafts,
  chosen,
  onToggle,
  label,
  more,
}: {
  drafts: readonly Task[]
  /** Ids. */
  chosen: ReadonlySet<string>
  onToggle(id: string): void
  label: string
  more?(draft: Task): React.ReactNode
}) {
  const id = useId()
  return (
    <ul aria-label={label} className="divide-y divide-line rounded-lg border border-line bg-panel">
      {drafts.map(draft => (
        <li className="flex gap-2.5 px-3 py-2" key={draft.id}>
          <input
            checked={chosen.has(draft.id)}
            className="mt-0.5 size-4 shrink-0 accent-accent"
            id={`${id}${draft.id}`}
            onChange={() => onToggle(draft.id)}
            type="checkbox"
          />
          <div className={cx('min-w-0 flex-1', !chosen.has(draft.id) && 'text-muted')}>
            <label className="block break-words font-medium" htmlFor={`${id}${draft.id}`}>
              {nameOf(draft)}
            </label>
            {more?.(draft)}
          </div>
        </li>
      ))}
    </ul>
  )
}
