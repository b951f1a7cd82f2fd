import { Check, ChevronRight, LoaderCircle, X } from 'lucide-react'
import { memo, useState } from 'react'
import { cx } from '../ui/cx.ts'
import { CodeBlock } from '../ui/markdown.tsx'
import { stepInput, stepWords } from './step-words.ts'
import type { Outcome, StepRow } from './thread-rows.ts'

/** A tool call as one line that opens to what it was given and what came out. */
export const Step = memo(function Step({ row, ended }: { row: StepRow; ended: boolean }) {
  const [open, setOpen] = useState(false)
  const { icon: Icon, verb, target } = stepWords(row.name, row.args)
  const input = stepInput(row.name, row.args)
  const outcome: Outcome =
    row.outcome.state === 'running' && ended ? { ...row.outcome, state: 'failed', note: 'no answer' } : row.outcome
  return (
    <div className="rounded-md border border-transparent has-aria-expanded:border-line">
      <button
        aria-expanded={open}
        className="flex w-full items-center gap-2 rounded-md px-1.5 py-1 text-left text-xs hover:bg-sunken"
        onClick={() => setOpen(!open)}
        type="button"
      >
        <ChevronRight
          aria-hidden
          className={cx('size-3 shrink-0 text-muted transition-transform', open && 'rotate-90')}
        />
        <Icon aria-hidden className="size-3.5 shrink-0 text-muted" />
        <span className="shrink-0 font-medium">
          {row.name === 'bash' && outcome.state === 'running' ? 'Running' : verb}
        </span>
        <span className="min-w-0 flex-1 truncate font-mono text-muted">{target}</span>
        <OutcomeMark outcome={outcome} />
      </button>
      {open && (
        <div className="space-y-1.5 p-1.5 pt-0.5">
          {input && <CodeBlock info="Input" text={input} />}
          {row.result !== null && <CodeBlock info="Output" text={row.result || '(nothing)'} />}
        </div>
      )}
    </div>
  )
})

function OutcomeMark({ outcome: { state, exitCode, duration, note } }: { outcome: Outcome }) {
  const words = exitCode === null || exitCode === 0 ? note : `exit ${exitCode}`
  return (
    <span className="flex shrink-0 items-center gap-1.5 text-muted tabular-nums">
      {duration && <span>{duration}</span>}
      {state === 'running' && (
        <>
          <LoaderCircle aria-hidden className="size-3.5 animate-spin text-state-blue" />
          <span className="sr-only">is running</span>
        </>
      )}
      {state === 'ok' && (
        <>
          <Check aria-hidden className="size-3.5 text-state-green" />
          <span className="sr-only">succeeded</span>
        </>
      )}
      {state === 'failed' && (
        <span className="flex items-center gap-1 text-state-red">
          <X aria-hidden className="size-3.5" />
          {words ?? 'error'}
        </span>
      )}
    </span>
  )
}
