import { CircleX, Info, TriangleAlert } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'
import { cx } from './cx.ts'

const kinds = {
  info: { icon: Info, tone: 'border-line-strong bg-sunken', mark: 'text-state-blue' },
  warning: { icon: TriangleAlert, tone: 'border-state-amber/45 bg-state-amber/8', mark: 'text-state-amber' },
  error: { icon: CircleX, tone: 'border-state-red/45 bg-state-red/8', mark: 'text-state-red' },
} as const

/** Something to know, with what to do about it in `children`. Errors are said aloud. */
export function Notice({
  kind,
  title,
  children,
  action,
}: {
  kind: keyof typeof kinds
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  const { icon: Icon, tone, mark } = kinds[kind]
  return (
    <div
      className={cx('flex gap-2.5 rounded-lg border px-3 py-2.5', tone)}
      role={kind === 'error' ? 'alert' : undefined}
    >
      <Icon aria-hidden className={cx('mt-0.5 size-4 shrink-0', mark)} />
      <div className="min-w-0 flex-1">
        <p className="whitespace-pre-wrap break-words font-medium">{title}</p>
        {children && <div className="mt-0.5 whitespace-pre-wrap break-words text-muted text-xs">{children}</div>}
        {action && <div className="mt-2 flex flex-wrap gap-2">{action}</div>}
      </div>
    </div>
  )
}

/** Why a form was refused, brought into view where the form is longer than its dialog. */
export function FormError({ title, children }: { title: string; children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    place.current?.scrollIntoView({ block: 'nearest' })
  }, [])
  return (
    <div className="scroll-mb-4" ref={place}>
      <Notice kind="error" title={title}>
        {children}
      </Notice>
    </div>
  )
}

/** Nothing is here yet, and what to do about it. */
export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon?: ReactNode
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center px-4 py-10 text-center">
      {icon && <div className="mb-3 text-muted">{icon}</div>}
      <h2 className="font-semibold text-base">{title}</h2>
      {children && <div className="mt-1 text-muted">{children}</div>}
      {action && <div className="mt-4 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  )
}

/** Placeholder lines while something is read for the first time. */
export function Loading({ label, lines = 3 }: { label: string; lines?: number }) {
  return (
    <div aria-label={label} className="space-y-2 p-3" role="status">
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike
        <div className="h-4 animate-pulse rounded bg-sunken" key={line} style={{ width: `${90 - line * 14}%` }} />
      ))}
    </div>
  )
}
