import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { useDeps } from '../app/deps.tsx'
import { MOVE_ICONS } from '../board/card-menu.tsx'
import { totals } from '../changes/diff-rows.ts'
import { PlusMinus } from '../changes/file-list.tsx'
import { ThreadPipelines } from '../pipeline/thread-pipelines.tsx'
import { Button } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'
import { count } from '../ui/time-words.ts'
import { ApplySteps } from './apply-steps.tsx'
import { ChecksBadge } from './badges.tsx'
import { BudgetPrompt } from './budget-prompt.tsx'
import { useAskMove } from './move-provider.tsx'
import { MOVE_WORDS, type Move, movesOf } from './moves.ts'
import { STATE_LOOK } from './state-look.ts'
import { appliedBefore } from './task-graph.ts'
import { TaskNames } from './task-names.tsx'
import type { TaskTab } from './task-tabs.ts'
import { blockedWords } from './task-words.ts'

interface PromptProps {
  task: Task
  tasks: Task[]
  onTab(tab: TaskTab): void
}

/** At the end of a thread: where the task stands, and what a person may do with it now. */
export function ReviewPrompt(props: PromptProps) {
  const { task, tasks } = props
  switch (task.state) {
    case 'ready':
      return <Ready {...props} />
    case 'applying':
      return (
        <Frame task={task} title="Its changes are being applied to the main version">
          <ApplySteps apply={task.apply} />
        </Frame>
      )
    case 'done':
      return (
        <Frame task={task} title="Its changes are part of the main version">
          {task.mergeSha && (
            <p className="text-muted text-xs">
              Merged as <code>{task.mergeSha.slice(0, 7)}</code>
            </p>
          )}
        </Frame>
      )
    case 'failed':
      return (
        <Frame moves={<Moves task={task} />} task={task} title="It failed">
          <Notice kind="error" title={task.failure?.message ?? 'No reason was given.'} />
          <p className="text-muted text-xs">
            Retry it from its last checkpoint, or write below what should be different.
          </p>
        </Frame>
      )
    case 'cancelled':
      return (
        <Frame moves={<Moves task={task} />} task={task} title="It was cancelled; what it did until then is kept" />
      )
    case 'draft':
      return (
        <Frame moves={<Moves task={task} />} task={task} title="A draft: nothing runs before you accept it">
          <p className="text-muted text-xs">Its plan stands beside this thread.</p>
        </Frame>
      )
    case 'queued':
    case 'waiting': {
      const words = task.blocked
        ? blockedWords(task.blocked, id => tasks.find(one => one.id === id))
        : STATE_LOOK[task.state].means
      return (
        <Frame moves={<Moves task={task} />} task={task} title={words}>
          {task.blocked?.reason === 'pipeline' && <ThreadPipelines threadId={task.threadId} waits />}
          {task.blocked?.reason === 'budget' && (
            <BudgetPrompt blocked={task.blocked} projectId={task.projectId} taskId={task.id} />
          )}
        </Frame>
      )
    }
    default:
      return null
  }
}

function Ready({ task, tasks, onTab }: PromptProps) {
  const { queries } = useDeps()
  const ask = useAskMove()
  const diff = useQuery({ ...queries.diff(task.id), enabled: task.headSha !== null })
  const before = appliedBefore(task, tasks)
  const change = diff.data && totals(diff.data.files)
  return (
    <Frame
      moves={
        <>
          {task.stale ? (
            <Button look="primary" onClick={() => ask(task, 'retry')}>
              Do it anew
            </Button>
          ) : (
            <Button look="primary" onClick={() => ask(task, 'apply', { told: true })}>
              Apply changes to main version
            </Button>
          )}
          <Button onClick={() => ask(task, 'dismiss')}>Dismiss</Button>
        </>
      }
      task={task}
      title="Ready for review: the main version is not changed yet"
    >
      <div className="flex flex-wrap items-center gap-2">
        {change && (
          <button
            className="flex items-center gap-2 text-state-blue text-xs hover:underline"
            onClick={() => onTab('changes')}
            type="button"
          >
            {count(diff.data.files.length, 'file')} changed <PlusMinus {...change} />
          </button>
        )}
        <ChecksBadge checks={task.checks} />
      </div>
      {task.failure && (
        <Notice
          kind="warning"
          title={task.failure.code === 'merge_conflict' ? 'It conflicts with the main version' : 'It was not applied'}
        >
          {task.failure.message}
        </Notice>
      )}
      {task.stale && (
        <Notice kind="warning" title="What it builds on has changed">
          {task.staleReason ?? 'Its work no longer fits and cannot be applied'}. Do it anew on what the main version and
          its prerequisites are now.
        </Notice>
      )}
      {before.length > 0 && !task.stale && (
        <div className="text-muted text-xs">
          <p className="mb-1">These are applied first, in this order, since it builds on them:</p>
          <TaskNames numbered tasks={before} />
        </div>
      )}
    </Frame>
  )
}

function Moves({ task }: { task: Task }) {
  const ask = useAskMove()
  return movesOf(task).map((move: Move, place) => {
    const Icon = MOVE_ICONS[move]
    return (
      <Button
        icon={<Icon aria-hidden className="size-4" />}
        key={move}
        look={place === 0 && move !== 'cancel' ? 'primary' : 'secondary'}
        onClick={() => ask(task, move)}
      >
        {MOVE_WORDS[move]}
      </Button>
    )
  })
}

function Frame({
  task,
  title,
  moves,
  children,
}: {
  task: Task
  title: string
  moves?: ReactNode
  children?: ReactNode
}) {
  const { icon: Icon, tone, spins } = STATE_LOOK[task.state]
  return (
    <section
      aria-label="Review"
      className="appear mt-3 space-y-2.5 rounded-xl border border-line-strong bg-raised p-3.5 shadow-sm"
    >
      <h2 className="flex items-start gap-2 font-semibold">
        <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${tone} ${spins ? 'animate-spin' : ''}`} />
        <span className="min-w-0 break-words">{title}</span>
      </h2>
      {children}
      {moves && <div className="flex flex-wrap gap-2 pt-1">{moves}</div>}
    </section>
  )
}
