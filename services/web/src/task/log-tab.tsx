import { useQuery } from '@tanstack/react-query'
import { memo } from 'react'
import type { Step, Task } from '../../../../shared/contract/task.ts'
import { useDeps } from '../app/deps.tsx'
import { stepWords } from '../thread/step-words.ts'
import { Failed } from '../ui/failed.tsx'
import { CodeBlock } from '../ui/markdown.tsx'
import { Empty, Loading } from '../ui/notice.tsx'
import { elapsedWords, timeWords } from '../ui/time-words.ts'

/** The work log: every tool call of every attempt, in order. */
export function LogTab({ task }: { task: Task }) {
  const { queries } = useDeps()
  const log = useQuery(queries.log(task.id))
  if (log.isPending) return <Loading label="The log is being read" />
  if (!log.data) return <Failed error={log.error} retry={() => void log.refetch()} what="The log" />
  if (log.data.length === 0)
    return <Empty title="Nothing has run yet">Every command and edit of the agent is logged here.</Empty>
  const attempts = new Set(log.data.map(step => step.attempt)).size > 1
  return (
    <ol className="divide-y divide-line">
      {log.data.map(step => (
        <LogLine attempts={attempts} key={`${step.attempt} ${step.iteration} ${step.at} ${step.summary}`} step={step} />
      ))}
    </ol>
  )
}

const LogLine = memo(function LogLine({ step, attempts }: { step: Step; attempts: boolean }) {
  const { icon: Icon, verb } = stepWords(step.tool, {})
  const failed = step.exitCode !== undefined && step.exitCode !== 0
  return (
    <li>
      <details>
        <summary className="flex items-center gap-2 px-3 py-1.5 text-xs hover:bg-sunken">
          <time className="w-12 shrink-0 text-muted tabular-nums" dateTime={step.at}>
            {timeWords(step.at)}
          </time>
          <span
            className="w-12 shrink-0 text-muted tabular-nums"
            title={`Attempt ${step.attempt}, step ${step.iteration}`}
          >
            {attempts && `${step.attempt}.`}
            {step.iteration}
          </span>
          <Icon aria-hidden className="size-3.5 shrink-0 text-muted" />
          <span className="shrink-0 font-medium">{verb}</span>
          <span className="min-w-0 flex-1 truncate font-mono text-muted">{step.summary}</span>
          {failed && <span className="shrink-0 text-state-red">exit {step.exitCode}</span>}
          <span className="shrink-0 text-muted tabular-nums">
            {step.ms < 1_000 ? `${step.ms}ms` : elapsedWords(step.ms)}
          </span>
        </summary>
        <div className="px-3 pb-2">
          <CodeBlock text={step.output || '(nothing)'} />
        </div>
      </details>
    </li>
  )
})
