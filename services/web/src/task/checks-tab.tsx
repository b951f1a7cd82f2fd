import { useQuery } from '@tanstack/react-query'
import { Check, X } from 'lucide-react'
import type { CheckRun, Task } from '../../../../shared/contract/task.ts'
import { useDeps } from '../app/deps.tsx'
import { cx } from '../ui/cx.ts'
import { Failed } from '../ui/failed.tsx'
import { CodeBlock } from '../ui/markdown.tsx'
import { Empty, Loading, Notice } from '../ui/notice.tsx'
import { elapsedWords, timeWords } from '../ui/time-words.ts'

/** Runs of the check command on the task's work, newest first, with the main version's own result beside them. */
export function ChecksTab({ task }: { task: Task }) {
  const { queries } = useDeps()
  const checks = useQuery(queries.checks(task.id))
  const project = useQuery(queries.project(task.projectId))
  if (checks.isPending) return <Loading label="The checks are being read" />
  if (!checks.data) return <Failed error={checks.error} retry={() => void checks.refetch()} what="The checks" />
  const own = checks.data.filter(run => !run.onMain && !run.merged)
  const merged = checks.data.filter(run => run.merged)
  const [main] = checks.data.filter(run => run.onMain)
  if (own.length === 0 && !main) {
    return project.data?.settings.checkCommand ? (
      <Empty title="Not checked yet">
        <code>{project.data.settings.checkCommand}</code> runs when the agent has finished, before the task is ready.
      </Empty>
    ) : (
      <Empty title="This project has no check command">
        With one, every task is tested before it is ready, and again before it reaches the main version.
      </Empty>
    )
  }
  return (
    <div className="space-y-4 p-3">
      {task.checks?.status === 'stale' && (
        <Notice kind="warning" title="These results are out of date">
          The branch was pushed to after they were made.
        </Notice>
      )}
      {main && own[0] && main.exitCode !== 0 && own[0].exitCode !== 0 && (
        <Notice kind="info" title="The main version fails its checks as well">
          So this failure need not come from the task. Compare both results.
        </Notice>
      )}
      {merged.map(run => (
        <Run key={run.at} open={run === checks.data[0]} run={run} title="Merged with the main version" />
      ))}
      {own.map((run, place) => (
        <Run
          key={`${run.sha} ${run.at}`}
          open={run === checks.data[0]}
          run={run}
          title={place === 0 ? 'On this task' : 'Earlier, on this task'}
        />
      ))}
      {main && <Run run={main} title="On the main version" />}
    </div>
  )
}

function Run({ run, title, open }: { run: CheckRun; title: string; open?: boolean }) {
  const ok = run.exitCode === 0
  const Icon = ok ? Check : X
  return (
    <details className="rounded-lg border border-line" open={open}>
      <summary className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
        <span className={cx('flex items-center gap-1.5 font-medium', ok ? 'text-state-green' : 'text-state-red')}>
          <Icon aria-hidden className="size-4" />
          {ok ? 'Passed' : `Failed (exit ${run.exitCode})`}
        </span>
        <span className="font-medium">{title}</span>
        <Counts run={run} />
        <span className="ml-auto text-muted text-xs">
          {elapsedWords(run.ms)} · <code>{run.sha.slice(0, 7)}</code> · {timeWords(run.at)}
        </span>
      </summary>
      <div className="space-y-2 px-3 pb-3">
        <CodeBlock info={`$ ${run.command}`} text={run.output || '(no output)'} />
      </div>
    </details>
  )
}

function Counts({ run: { passed, failed } }: { run: CheckRun }) {
  if (passed === undefined && failed === undefined) return null
  return (
    <span className="text-xs tabular-nums">
      <span className="text-state-green">{passed ?? 0} passed</span>
      {' · '}
      <span className={failed ? 'text-state-red' : 'text-muted'}>{failed ?? 0} failed</span>
    </span>
  )
}
