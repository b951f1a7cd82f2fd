import type { TaskState } from '../../../../shared/domain/task-state.ts'
import { cx } from '../ui/cx.ts'
import { threadLook } from './thread-status.ts'

/** What a thread's agent does, as an icon and a word. */
export function ThreadMark({ state, asks }: { state: TaskState | 'idle'; asks: boolean }) {
  const { icon: Icon, word, tone, spins, means } = threadLook(state, asks)
  return (
    <span
      className={cx('inline-flex shrink-0 items-center gap-1 font-medium text-xs', tone)}
      data-state={state}
      title={means}
    >
      <Icon aria-hidden className={cx('size-3.5', spins && 'animate-spin [animation-duration:2s]')} />
      {word}
    </span>
  )
}
