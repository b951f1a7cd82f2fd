import { createContext, type ReactNode, useContext, useState } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { Confirm } from '../ui/dialog.tsx'
import { count } from '../ui/time-words.ts'
import type { Move } from './moves.ts'
import { appliedBefore, buildsOn } from './task-graph.ts'
import { nameOf } from './task-words.ts'
import { useMove } from './use-move.ts'

type Ask = (task: Task, move: Move, options?: { told?: boolean }) => void

const MoveContext = createContext<Ask | null>(null)

/** Moves a task, asking first where the move does more than its word says. `told`: the person was told already. */
export function useAskMove(): Ask {
  const ask = useContext(MoveContext)
  if (!ask) throw new Error('useAskMove needs MoveProvider around it')
  return ask
}

/** Holds the questions for all cards and buttons of a page. `tasks` is the whole board. */
export function MoveProvider({ tasks, children }: { tasks: readonly Task[]; children: ReactNode }) {
  const move = useMove()
  const [asked, setAsked] = useState<{ task: Task; move: 'apply' | 'dismiss' } | null>(null)
  const ask: Ask = (task, wanted, { told = false } = {}) => {
    const before = wanted === 'apply' ? appliedBefore(task, tasks) : []
    if (wanted === 'dismiss' || (before.length > 0 && !told)) setAsked({ task, move: wanted as 'apply' | 'dismiss' })
    else
      move(
        task,
        wanted,
        before.filter(one => one.state === 'ready'),
      )
  }
  const close = () => setAsked(null)
  const before = asked ? appliedBefore(asked.task, tasks) : []
  const after = asked ? buildsOn(asked.task, tasks) : []
  return (
    <MoveContext value={ask}>
      {children}
      <Confirm
        action="Apply changes"
        onConfirm={() =>
          asked &&
          move(
            asked.task,
            'apply',
            before.filter(one => one.state === 'ready'),
          )
        }
        onOpenChange={open => open || close()}
        open={asked?.move === 'apply'}
        title={`Apply ${count(before.length + 1, 'task')} to the main version?`}
      >
        <p>{asked && nameOf(asked.task)} builds on work that is not part of main yet. In this order:</p>
        <TaskNames numbered tasks={asked ? [...before, asked.task] : []} />
        <p>If one of them cannot be applied, all return to Ready and main stays as it is.</p>
      </Confirm>
      <Confirm
        action="Dismiss"
        danger
        onConfirm={() => asked && move(asked.task, 'dismiss')}
        onOpenChange={open => open || close()}
        open={asked?.move === 'dismiss'}
        title={asked ? `Dismiss ${nameOf(asked.task)}?` : ''}
      >
        <p>
          {asked?.task.state === 'draft'
            ? 'The draft is discarded.'
            : 'Its changes are discarded; main stays as it is.'}
        </p>
        {after.length > 0 && (
          <>
            <p>{after.length === 1 ? 'This task builds on it:' : 'These tasks build on it:'}</p>
            <TaskNames tasks={after} />
            <p>
              Those that have started become stale and cannot be applied until they are done anew; those that have not
              will wait until you remove the dependency.
            </p>
          </>
        )}
      </Confirm>
    </MoveContext>
  )
}

/** Tasks by number and title, in order. */
export function TaskNames({ tasks, numbered }: { tasks: readonly Task[]; numbered?: boolean }) {
  const List = numbered ? 'ol' : 'ul'
  return (
    <List className={numbered ? 'list-decimal space-y-0.5 pl-5' : 'list-disc space-y-0.5 pl-5'}>
      {tasks.map(task => (
        <li className="break-words text-fg" key={task.id}>
          {nameOf(task)}
        </li>
      ))}
    </List>
  )
}
