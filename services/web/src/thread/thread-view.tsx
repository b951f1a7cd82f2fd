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
import { Question } from './question.tsx'
import { Queued } from './queued.tsx'
import { Said } from './said.tsx'
import { Step } from './step.tsx'
import { TaskLinks } from './task-links.tsx'
import { activityWords, openQuestion, type TextRow, type ThreadRow, threadRows } from './thread-rows.ts'
import { isBusy, type ThreadRun } from './thread-run.ts'
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
          <Rows newSince={newSince} onAnswer={text => sending.send({ text })} rows={rows} run={run} />
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
  run,
  newSince,
  onAnswer,
}: {
  rows: ThreadRow[]
  run: ThreadRun
  newSince: number | null
  onAnswer(text: string): void
}) {
  const firstNew = newSince === null ? -1 : rows.findIndex(row => 'seq' in row && row.seq > newSince)
  const asked = run.asks ? openQuestion(rows) : null
  // What a task's agent was given to begin with is its first message.
  const brief = run.taskId !== null && rows[0]?.kind === 'user' ? rows[0] : null
  return rows.map((row, place) => (
    <Fragment key={row.key}>
      {place === firstNew && place > 0 && (
        <p className="flex items-center gap-2 py-1 text-state-blue text-xs before:h-px before:flex-1 before:bg-state-blue/40 after:h-px after:flex-1 after:bg-state-blue/40">
          {count(rows.length - place, 'entry', 'entries')} while you were away
        </p>
      )}
      {row.kind === 'step' && <Step ended={!isBusy(run.state)} row={row} />}
      {row.kind === 'question' && <Question onAnswer={row === asked ? onAnswer : null} row={row} />}
      {'seq' in row && <Words brief={row === brief} row={row} run={run} />}
    </Fragment>
  ))
}

function Words({ row, run: { threadId, projectId }, brief }: { row: TextRow; run: ThreadRun; brief: boolean }) {
  if (row.kind === 'user' && !row.read && !brief) return <Queued row={row} threadId={threadId} />
  if (row.tasks.length === 0 && row.revises.length === 0) return <Said brief={brief} row={row} />
  return (
    <Said row={row}>
      {row.tasks.length > 0 && <TaskLinks label="Tasks that came of it" projectId={projectId} tasks={row.tasks} />}
      {row.revises.length > 0 && (
        <TaskLinks label="Drafts to be revised" projectId={projectId} tasks={row.revises.map(taskId => ({ taskId }))} />
      )}
    </Said>
  )
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
  // What waits to be read says nothing of what the agent does.
  const words = writing ? null : activityWords(rows.filter(row => !('read' in row) || row.read || row.kind !== 'user'))
  if (!words) return null
  return (
    <p className="flex items-center gap-2.5 px-2.5 py-1.5 text-muted text-xs">
      <LoaderCircle aria-hidden className="size-4 animate-spin text-state-blue" />
      {words}
    </p>
  )
}

const asRow = ({ key, body: { text, mode }, at }: Sending): TextRow => ({
  kind: 'user',
  key,
  seq: Number.MAX_SAFE_INTEGER,
  text,
  createdAt: at,
  read: false,
  planning: mode === 'plan',
  tasks: [],
  revises: [],
})
