import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Ban, ChevronLeft } from 'lucide-react'
import type { Task } from '../../../../shared/contract/task.ts'
import { useDeps } from '../app/deps.tsx'
import { InBar } from '../app/shell-slots.tsx'
import { CardMenu } from '../board/card-menu.tsx'
import { Button } from '../ui/button.tsx'
import { ChecksBadge, StaleBadge } from './badges.tsx'
import { Cost } from './cost.tsx'
import { Elapsed } from './elapsed.tsx'
import { useAskMove } from './move-provider.tsx'
import { ParentLink } from './parent-link.tsx'
import { StateMark } from './state-mark.tsx'
import { blockedWords } from './task-words.ts'

/** The task's part of the top bar: back to its board, its title, its state. */
export function TaskBar({ task, tasks }: { task: Task; tasks: Task[] }) {
  const { queries } = useDeps()
  const ask = useAskMove()
  const project = useQuery(queries.project(task.projectId))
  const blocked = task.blocked && blockedWords(task.blocked, id => tasks.find(one => one.id === id))
  return (
    <InBar>
      <Link
        aria-label={`Back to the board of ${project.data?.name ?? 'the project'}`}
        className="flex shrink-0 items-center gap-0.5 rounded-md py-1 pr-1.5 text-muted hover:bg-sunken hover:text-fg"
        params={{ projectId: task.projectId }}
        to="/p/$projectId"
      >
        <ChevronLeft aria-hidden className="size-4" />
        <span className="max-w-32 truncate max-md:hidden">{project.data?.name}</span>
      </Link>
      <h1 className="min-w-0 truncate font-semibold" title={task.title}>
        {task.number > 0 && <span className="font-normal text-muted">#{task.number} </span>}
        {task.title}
      </h1>
      <StateMark asks={task.blocked?.reason === 'answer'} state={task.state} />
      <span className="flex shrink-0 items-center gap-2 max-sm:hidden">
        <Elapsed task={task} />
        <Cost task={task} />
      </span>
      <ParentLink task={task} />
      {task.blocked?.reason !== 'answer' && (
        <span className="min-w-0 truncate text-muted text-xs max-lg:hidden">{blocked}</span>
      )}
      <span className="ml-auto flex shrink-0 items-center gap-1.5">
        <span className="flex gap-1.5 max-lg:hidden">
          <ChecksBadge checks={task.checks} />
          <StaleBadge stale={task.stale} />
        </span>
        {task.state === 'active' && (
          <Button
            className="max-sm:hidden"
            icon={<Ban aria-hidden className="size-3.5" />}
            onClick={() => ask(task, 'cancel')}
            small
          >
            Cancel
          </Button>
        )}
        <CardMenu task={task} />
      </span>
    </InBar>
  )
}
