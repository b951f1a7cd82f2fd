import { useQuery, useQueryClient } from '@tanstack/react-query'
import { ArrowDown, Bot, LoaderCircle } from 'lucide-react'
import { Fragment, type ReactNode, useMemo } from 'react'
import type { PostMessage } from '../../../../shared/contract/thread.ts'
import { messagesQuery } from '../api/messages.ts'
import { useDeps } from '../app/deps.tsx'
import { useStream } from '../live/use-live.ts'
import { Button } from '../ui/button.tsx'
import { Failed } from '../ui/failed.tsx'
import { CodeBlock, Markdown } from '../ui/markdown.tsx'
import { Loading } from '../ui/notice.tsx'
import { count } from '../ui/time-words.ts'
import { Said } from './said.tsx'
import { Step } from './step.tsx'
import { activityWords, type ThreadRow, threadRows } from './thread-rows.ts'
import type { ThreadRun } from './thread-run.ts'
import { useLastSeen } from './use-last-seen.ts'
import { type Sending, useSend } from './use-send.ts'
import { useStickToEnd } from './use-stick-to-end.ts'

/** A conversation: what was said and done, what is being written, and a field to join in. */
export function ThreadView({
  run,
  nothingYet,
  prompt,
  composer,
}: {
  run: ThreadRun
  /** Shown while nothing was said. */
  nothingYet: ReactNode
  /** Shown at its end: where it stands, and what a person may do now. */
  prompt: ReactNode
  composer(send: (body: PostMessage) => void): ReactNode
}) {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  const { threadId, state } = run
  const messages = useQuery(messagesQuery(client, queryClient, threadId))
  const rows = useMemo(() => threadRows(messages.data ?? []), [messages.data])
  const sending = useSend(run)
  const { scroller, content, away, toEnd } = useStickToEnd()
  const newSince = useLastSeen(threadId, messages.data?.at(-1)?.seq)
  return (
    <section aria-label="Thread" className="relative flex h-full min-h-0 flex-col">
      <div className="min-h-0 flex-1 overflow-y-auto" ref={scroller}>
        <div className="mx-auto max-w-3xl space-y-1.5 p-3" ref={content}>
          {messages.isPending && <Loading label="The thread is being read" lines={4} />}
          {messages.error && !messages.data && (
            <Failed error={messages.error} retry={() => void messages.refetch()} what="The thread" />
          )}
          {messages.data && rows.length === 0 && sending.open.length === 0 && state !== 'active' && nothingYet}
          <Rows brief={run.taskId !== null} ended={state !== 'active'} newSince={newSince} rows={rows} />
          {sending.open.map(one => (
            <Said key={one.key} pending row={asRow(one)} />
          ))}
          <Printing threadId={threadId} />
          <Writing threadId={threadId} />
          {state === 'active' && messages.data && <Activity rows={rows} threadId={threadId} />}
          {prompt}
        </div>
      </div>
      {away && (
        <div className="pointer-events-none absolute inset-x-0 bottom-36 flex justify-center">
          <Button
            className="pointer-events-auto rounded-full shadow-lg"
            icon={<ArrowDown aria-hidden className="size-3.5" />}
            onClick={toEnd}
            small
          >
            Jump to the end
          </Button>
        </div>
      )}
      {composer(body => {
        sending.send(body)
        toEnd()
      })}
    </section>
  )
}

function Rows({
  rows,
  ended,
  newSince,
  brief,
}: {
  rows: ThreadRow[]
  ended: boolean
  newSince: number | null
  /** The first message is what the agent was given to begin with. */
  brief: boolean
}) {
  const firstNew = newSince === null ? -1 : rows.findIndex(row => row.kind !== 'step' && row.seq > newSince)
  return rows.map((row, place) => (
    <Fragment key={row.key}>
      {place === firstNew && place > 0 && (
        <p className="flex items-center gap-2 py-1 text-state-blue text-xs before:h-px before:flex-1 before:bg-state-blue/40 after:h-px after:flex-1 after:bg-state-blue/40">
          {count(rows.length - place, 'entry', 'entries')} while you were away
        </p>
      )}
      {row.kind === 'step' ? (
        <Step ended={ended} row={row} />
      ) : (
        <Said brief={brief && place === 0 && row.kind === 'user'} row={row} />
      )}
    </Fragment>
  ))
}

function Writing({ threadId }: { threadId: string }) {
  const text = useStream(threadId, 'reply')
  if (text === '') return null
  return (
    <div className="flex gap-2.5 px-2.5 py-2" data-writing>
      <Bot aria-hidden className="mt-0.5 size-4 shrink-0 animate-pulse text-state-blue" />
      <div className="min-w-0 flex-1">
        <div className="mb-0.5 font-semibold text-xs">Agent is writing</div>
        <Markdown text={text} />
      </div>
    </div>
  )
}

function Printing({ threadId }: { threadId: string }) {
  const text = useStream(threadId, 'output')
  if (text === '') return null
  return <CodeBlock className="ml-7" info="Output so far" text={text} />
}

/** What goes on where nothing else shows it. */
function Activity({ rows, threadId }: { rows: ThreadRow[]; threadId: string }) {
  const writing = useStream(threadId, 'reply') !== ''
  const words = writing ? null : activityWords(rows)
  if (!words) return null
  return (
    <p className="flex items-center gap-2.5 px-2.5 py-1.5 text-muted text-xs">
      <LoaderCircle aria-hidden className="size-4 animate-spin text-state-blue" />
      {words}
    </p>
  )
}

const asRow = ({ key, body: { text }, at }: Sending) => ({
  kind: 'user' as const,
  key,
  seq: Number.MAX_SAFE_INTEGER,
  text,
  createdAt: at,
  read: false,
})
