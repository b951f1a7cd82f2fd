import { Archive, Ban, Check, Ellipsis, FileText, GitMerge, PenLine, RotateCcw } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { useAskMove } from '../task/move-provider.tsx'
import { MOVE_WORDS, type Move, movesOf } from '../task/moves.ts'
import { nameOf } from '../task/task-words.ts'
import { IconButton } from '../ui/button.tsx'
import { Menu, MenuItem } from '../ui/menu.tsx'

const PlanDialog = lazy(async () => ({ default: (await import('../task/plan-dialog.tsx')).PlanDialog }))
const ReviseDrafts = lazy(async () => ({ default: (await import('../proposals/revise-drafts.tsx')).ReviseDrafts }))

export const MOVE_ICONS: Record<Move, typeof Check> = {
  accept: Check,
  apply: GitMerge,
  retry: RotateCcw,
  cancel: Ban,
  dismiss: Archive,
}

/** The three-dot menu of a card: exactly the moves that are legal now, and the plan, which can be revised while it is a draft. */
export function CardMenu({ task }: { task: Task }) {
  const ask = useAskMove()
  const [open, setOpen] = useState<'plan' | 'revise' | null>(null)
  const close = () => setOpen(null)
  const item = (move: Move) => {
    const Icon = MOVE_ICONS[move]
    return (
      <MenuItem
        danger={move === 'dismiss'}
        icon={<Icon aria-hidden className="size-4" />}
        key={move}
        onSelect={() => ask(task, move)}
      >
        {MOVE_WORDS[move]}
      </MenuItem>
    )
  }
  const [first, ...rest] = movesOf(task)
  return (
    <>
      <Menu
        label={`Options of ${nameOf(task)}`}
        trigger={
          <IconButton className="relative z-10 -my-1 -mr-1" label={`Options of ${nameOf(task)}`}>
            <Ellipsis aria-hidden className="size-4" />
          </IconButton>
        }
      >
        {first && item(first)}
        <MenuItem icon={<FileText aria-hidden className="size-4" />} onSelect={() => setOpen('plan')}>
          View plan
        </MenuItem>
        {task.state === 'draft' && (
          <MenuItem icon={<PenLine aria-hidden className="size-4" />} onSelect={() => setOpen('revise')}>
            Revise plan
          </MenuItem>
        )}
        {rest.map(item)}
      </Menu>
      <Suspense>
        {open === 'plan' && <PlanDialog onClose={close} task={task} />}
        {open === 'revise' && <ReviseDrafts first={[task.id]} onClose={close} projectId={task.projectId} />}
      </Suspense>
    </>
  )
}
