import { useIsMutating, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { keys } from '../api/keys.ts'
import { ChecksBadge, PriorityBadge, StaleBadge } from '../task/badges.tsx'
import { Cost } from '../task/cost.tsx'
import { Elapsed } from '../task/elapsed.tsx'
import { standsStill } from '../task/needs-person.ts'
import { StateMark } from '../task/state-mark.tsx'
import { applyWords } from '../task/task-words.ts'
import { cx } from '../ui/cx.ts'
import { CardMenu } from './card-menu.tsx'

/** A task on the board. The whole card opens its page; the menu holds its moves. `blocked`: why it does not run. */
export const Card = memo(function Card({ task, blocked }: { task: Task; blocked: string | null }) {
  const needsYou = standsStill(task)
  const pending =
    useIsMutating({
      mutationKey: ['move'],
      predicate: ({ state }) => (state.variables as { task?: Task } | undefined)?.task?.id === task.id,
    }) > 0
  return (
    <li
      aria-busy={pending || undefined}
      className={cx(
        'appear relative rounded-lg border border-line bg-panel p-2.5 shadow-xs transition-colors hover:border-line-strong has-[[data-card]:focus-visible]:outline-2 has-[[data-card]:focus-visible]:outline-accent',
        needsYou && (task.state === 'failed' ? 'border-l-3 border-l-state-red' : 'border-l-3 border-l-state-amber'),
      )}
      data-task={task.number}
    >
      <div className="flex items-center gap-2">
        <StateMark asks={task.blocked?.reason === 'answer'} state={task.state} />
        <span className="text-muted text-xs">#{task.number}</span>
        <PriorityBadge priority={task.priority} />
        <span className="ml-auto flex items-center gap-1">
          <Cost task={task} />
          <Elapsed task={task} />
          <CardMenu task={task} />
        </span>
      </div>
      <Link
        className="mt-1 line-clamp-3 break-words font-medium leading-snug outline-none after:absolute after:inset-0"
        data-card
        params={{ taskId: task.id }}
        to="/t/$taskId"
      >
        {task.title}
      </Link>
      <CardNotes blocked={blocked} task={task} />
      {(task.checks || task.stale) && (
        <div className="mt-1.5 flex flex-wrap gap-1.5">
          <ChecksBadge checks={task.checks} />
          <StaleBadge stale={task.stale} />
        </div>
      )}
    </li>
  )
})

/** The lines below the title: what it waits for, what its agent does, how far its apply is, why it failed. */
function CardNotes({ task, blocked }: { task: Task; blocked: string | null }) {
  const note = 'mt-1 line-clamp-2 break-words text-xs'
  return (
    <>
      {blocked && task.blocked?.reason !== 'answer' && (
        <p className={cx(note, task.state === 'waiting' ? 'text-state-amber' : 'text-muted')}>{blocked}</p>
      )}
      {task.state === 'active' && <LastStep className={note} task={task} />}
      {task.apply && <p className={cx(note, 'text-state-violet')}>{applyWords(task.apply)}</p>}
      {task.failure && task.state !== 'cancelled' && (
        <p className={cx(note, 'line-clamp-3 text-state-red')}>{task.failure.message}</p>
      )}
    </>
  )
}

function LastStep({ task, className }: { task: Task; className: string }) {
  const { data } = useQuery<unknown>({ queryKey: keys.lastStep(task.id), queryFn: () => null, enabled: false })
  const steps = task.iterations > 0 ? `Step ${task.iterations}` : 'Starting'
  return (
    <p className={cx(className, 'line-clamp-1 text-muted')}>
      {steps}
      {typeof data === 'string' && data !== '' && <span className="font-mono"> · {data}</span>}
    </p>
  )
}
