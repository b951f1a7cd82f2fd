import { type ReactNode, useId, useState } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { Button } from '../ui/button.tsx'
import { Card } from './card.tsx'

const PAGE = 60

/** One column of the board. Long ones show their first cards and a button for more. */
export function Column({
  title,
  tasks,
  blocked,
  actions,
  empty,
}: {
  title: string
  tasks: Task[]
  /** Why a task does not run, in words. */
  blocked(task: Task): string | null
  actions?: ReactNode
  /** Shown while the column has no card. */
  empty: ReactNode
}) {
  const id = useId()
  const [shown, setShown] = useState(PAGE)
  const more = tasks.length - shown
  return (
    <section
      aria-labelledby={id}
      className="flex min-h-0 min-w-0 flex-col rounded-xl bg-sunken max-md:w-[min(20rem,86vw)] max-md:shrink-0 max-md:snap-start"
    >
      <header className="flex h-10 shrink-0 items-center gap-2 px-3">
        <h2 className="font-semibold text-sm" id={id}>
          {title}
        </h2>
        <span className="rounded-full bg-line px-1.5 text-2xs text-muted tabular-nums">{tasks.length}</span>
        <span className="ml-auto flex items-center gap-1">{actions}</span>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-2">
        {tasks.length === 0 && <div className="px-2 py-6 text-center text-muted text-xs">{empty}</div>}
        <ul aria-labelledby={id} className="space-y-2 pt-px" data-column>
          {tasks.slice(0, shown).map(task => (
            <Card blocked={blocked(task)} key={task.id} task={task} />
          ))}
        </ul>
        {more > 0 && (
          <Button className="mt-2 w-full" look="ghost" onClick={() => setShown(shown + PAGE)} small>
            Show {Math.min(more, PAGE)} more of {more}
          </Button>
        )}
      </div>
    </section>
  )
}
