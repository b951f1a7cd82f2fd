import type { TaskState } from '../../../../shared/domain/task-state.ts'
import { cx } from '../ui/cx.ts'
import { STATE_LOOK } from './state-look.ts'

/** A state as its icon and its word. `asks`: it waits for a person's answer. */
export function StateMark({ state, asks, className }: { state: TaskState; asks?: boolean; className?: string }) {
  const { icon: Icon, word, tone, spins, means } = STATE_LOOK[state]
  return (
    <span
      className={cx('inline-flex shrink-0 items-center gap-1 font-medium text-xs', tone, className)}
      data-state={state}
      title={means}
    >
      <Icon aria-hidden className={cx('size-3.5', spins && 'animate-spin [animation-duration:2s]')} />
      {asks ? 'Waiting for you' : word}
    </span>
  )
}
