import { Check, Circle, LoaderCircle } from 'lucide-react'
import type { ApplyPhase, Task } from '../../../../shared/contract/task.ts'
import { cx } from '../ui/cx.ts'
import { applyWords } from './task-words.ts'

const words: Record<ApplyPhase, string> = {
  queued: 'In line',
  merging: 'Merging',
  resolving: 'Resolving conflicts',
  verifying: 'Checking the result',
  swapping: 'Moving main',
}

const phases = Object.keys(words) as ApplyPhase[]

/** How far an apply is. Resolving shows only where there is something to resolve. */
export function ApplySteps({ apply }: { apply: Task['apply'] }) {
  const now = apply ? phases.indexOf(apply.phase) : 0
  return (
    <>
      <ol className="flex flex-wrap gap-x-4 gap-y-1 text-xs">
        {phases
          .filter(phase => phase !== 'resolving' || apply?.phase === 'resolving')
          .map(phase => {
            const place = phases.indexOf(phase)
            const Icon = place < now ? Check : place === now ? LoaderCircle : Circle
            return (
              <li
                aria-current={place === now ? 'step' : undefined}
                className={cx(
                  'flex items-center gap-1',
                  place === now ? 'font-medium text-state-violet' : 'text-muted',
                )}
                key={phase}
              >
                <Icon aria-hidden className={cx('size-3.5', place === now && 'animate-spin')} />
                {words[phase]}
              </li>
            )
          })}
      </ol>
      {apply && <p className="text-muted text-xs">{applyWords(apply)}.</p>}
    </>
  )
}
