import { createContext, lazy, type ReactNode, Suspense, useContext, useState } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import type { Move } from './moves.ts'
import { appliedBefore, buildsOn } from './task-graph.ts'
import { useMove } from './use-move.ts'

const ApplyQuestion = lazy(async () => ({ default: (await import('./move-questions.tsx')).ApplyQuestion }))
const DismissQuestion = lazy(async () => ({ default: (await import('./move-questions.tsx')).DismissQuestion }))

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
  const apply = (task: Task, before: Task[]) =>
    move(
      task,
      'apply',
      before.filter(one => one.state === 'ready'),
    )
  const ask: Ask = (task, wanted, { told = false } = {}) => {
    if (wanted === 'dismiss') return setAsked({ task, move: wanted })
    if (wanted !== 'apply') return move(task, wanted)
    const before = appliedBefore(task, tasks)
    if (before.length > 0 && !told) setAsked({ task, move: wanted })
    else apply(task, before)
  }
  const close = () => setAsked(null)
  const before = asked ? appliedBefore(asked.task, tasks) : []
  return (
    <MoveContext value={ask}>
      {children}
      <Suspense>
        {asked?.move === 'apply' && (
          <ApplyQuestion
            before={before}
            onClose={close}
            onConfirm={() => apply(asked.task, before)}
            task={asked.task}
          />
        )}
        {asked?.move === 'dismiss' && (
          <DismissQuestion
            after={buildsOn(asked.task, tasks)}
            onClose={close}
            onConfirm={() => move(asked.task, 'dismiss')}
            task={asked.task}
          />
        )}
      </Suspense>
    </MoveContext>
  )
}
