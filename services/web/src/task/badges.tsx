import { ArrowDown, ArrowUp, Check, RefreshCwOff, TriangleAlert, X } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { cx } from '../ui/cx.ts'
import { checksWords } from './task-words.ts'

export function Badge({
  tone,
  icon,
  title,
  children,
}: {
  tone: string
  icon?: ReactNode
  title?: string
  children: ReactNode
}) {
  return (
    <span
      className={cx(
        'inline-flex items-center gap-1 rounded border border-current/25 px-1.5 py-px font-medium text-2xs',
        tone,
      )}
      title={title}
    >
      {icon}
      {children}
    </span>
  )
}

/** The result of the check command, with counts: green, red, or out of date. */
export function ChecksBadge({ checks }: { checks: Task['checks'] }) {
  if (!checks) return null
  const [tone, Icon] = {
    passed: ['text-state-green', Check] as const,
    failed: ['text-state-red', X] as const,
    stale: ['text-state-amber', TriangleAlert] as const,
  }[checks.status]
  return (
    <Badge icon={<Icon aria-hidden className="size-3" />} title="Result of the check command" tone={tone}>
      {checksWords(checks)}
    </Badge>
  )
}

/** The task no longer stands on its prerequisites' work. */
export function StaleBadge({ stale }: { stale: boolean }) {
  if (!stale) return null
  return (
    <Badge
      icon={<RefreshCwOff aria-hidden className="size-3" />}
      title="What it builds on has changed. Retry it, so that it is done anew; until then it cannot be applied."
      tone="text-state-amber"
    >
      Stale
    </Badge>
  )
}

export function PriorityBadge({ priority }: { priority: number }) {
  if (priority === 0) return null
  const Icon = priority > 0 ? ArrowUp : ArrowDown
  return (
    <span
      className="inline-flex items-center text-muted text-xs"
      title={`Priority ${priority}: the higher number starts first`}
    >
      <Icon aria-hidden className="size-3" />
      <span className="sr-only">Priority </span>
      {priority}
    </span>
  )
}
