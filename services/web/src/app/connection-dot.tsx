import { useLiveStatus } from '../live/use-live.ts'
import { cx } from '../ui/cx.ts'

const words = {
  connecting: { text: 'Connecting', long: 'Connecting to live updates', dot: 'bg-state-amber' },
  live: { text: 'Live', long: 'Live: what happens shows at once', dot: 'bg-state-green' },
  offline: { text: 'Offline', long: 'No connection: trying again. Nothing is lost meanwhile.', dot: 'bg-state-red' },
} as const

/** Whether what one sees is live, as a dot and a word. */
export function ConnectionDot() {
  const status = useLiveStatus()
  const { text, long, dot } = words[status]
  return (
    <span
      aria-live="polite"
      className="flex shrink-0 items-center gap-1.5 px-1 text-muted text-xs"
      role="status"
      title={long}
    >
      <span aria-hidden className={cx('size-2 rounded-full', dot)} />
      <span className={status === 'live' ? 'max-sm:sr-only' : undefined}>{text}</span>
    </span>
  )
}
