import { Bot, CircleUserRound, Info } from 'lucide-react'
import { memo, type ReactNode, useState } from 'react'
import { cx } from '../ui/cx.ts'
import { Markdown } from '../ui/markdown.tsx'
import { timeWords } from '../ui/time-words.ts'
import type { TextRow } from './thread-rows.ts'

const whos = {
  user: { icon: CircleUserRound, word: 'You' },
  assistant: { icon: Bot, word: 'Agent' },
  system: { icon: Info, word: 'Slipway' },
} as const

const LONG = 1_500

/** What somebody said. `brief`: it is what the agent was given to begin with. */
export const Said = memo(function Said({
  row,
  brief,
  pending,
  children,
}: {
  row: TextRow
  brief?: boolean
  /** Sent, but the server has not answered yet. */
  pending?: boolean
  /** Below its words. */
  children?: ReactNode
}) {
  const { icon: Icon, word } = whos[row.kind]
  return (
    <article
      aria-label={brief ? 'What the agent was given' : word}
      className={cx(
        'flex gap-2.5 rounded-lg px-2.5 py-2',
        row.kind !== 'assistant' && 'bg-sunken',
        pending && 'opacity-60',
      )}
    >
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0 text-muted" />
      <div className="min-w-0 flex-1">
        <div className="mb-0.5 flex items-baseline gap-2 text-xs">
          <span className="font-semibold">{brief ? 'Task' : word}</span>
          <time className="text-muted" dateTime={row.createdAt}>
            {timeWords(row.createdAt)}
          </time>
          {row.planning && <span className="font-medium text-state-violet">Plan</span>}
          {row.revises.length > 0 && <span className="font-medium">Revise plan</span>}
          {pending && <span className="ml-auto text-state-amber">Sending…</span>}
        </div>
        <Folded folded={row.text.length > LONG}>
          <Markdown text={row.text} />
        </Folded>
        {children}
      </div>
    </article>
  )
})

function Folded({ folded, children }: { folded: boolean; children: ReactNode }) {
  const [open, setOpen] = useState(!folded)
  if (!folded) return children
  return (
    <>
      <div className={cx(!open && 'max-h-56 overflow-hidden mask-b-from-60%')}>{children}</div>
      <button
        aria-expanded={open}
        className="mt-1 font-medium text-state-blue text-xs hover:underline"
        onClick={() => setOpen(!open)}
        type="button"
      >
        {open ? 'Show less' : 'Show all of it'}
      </button>
    </>
  )
}
