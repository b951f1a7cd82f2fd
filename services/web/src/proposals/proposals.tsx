import { CheckCheck, FileText, ListChecks, PenLine } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { CardMenu } from '../board/card-menu.tsx'
import { useAcceptAll } from '../board/use-accept-all.ts'
import { PlanDialog } from '../task/plan-dialog.tsx'
import { nameOf } from '../task/task-words.ts'
import { TaskLinks } from '../thread/task-links.tsx'
import { Button } from '../ui/button.tsx'
import { Markdown } from '../ui/markdown.tsx'
import { count } from '../ui/time-words.ts'
import { DraftRows } from './draft-rows.tsx'
import { leftBehind, proposedIn } from './proposed.ts'
import { useTicks } from './use-ticks.ts'

const ReviseDialog = lazy(async () => ({ default: (await import('./revise-dialog.tsx')).ReviseDialog }))

/** What the agent proposed in a thread, to be accepted or revised, all of it or the ticked ones; below, what was accepted. */
export function Proposals({
  projectId,
  threadId,
  tasks,
  busy,
}: {
  projectId: string
  threadId: string
  tasks: Task[]
  /** The agent is at work: it may change the drafts yet. */
  busy: boolean
}) {
  const { drafts, accepted } = proposedIn(threadId, tasks)
  return (
    <>
      {drafts.length > 0 && <ReviewCard busy={busy} drafts={drafts} projectId={projectId} tasks={tasks} />}
      {accepted.length > 0 && (
        <details className="rounded-lg border border-line px-3 py-2" open={drafts.length === 0}>
          <summary className="text-muted text-xs">{count(accepted.length, 'accepted task')} of this thread</summary>
          <TaskLinks
            label="Accepted tasks"
            projectId={projectId}
            tasks={accepted.map(({ id, title }) => ({ taskId: id, title }))}
          />
        </details>
      )}
    </>
  )
}

function ReviewCard({
  projectId,
  drafts,
  tasks,
  busy,
}: {
  projectId: string
  drafts: Task[]
  tasks: Task[]
  busy: boolean
}) {
  const accept = useAcceptAll(projectId)
  const { chosen, ids, toggle } = useTicks(drafts)
  const [revising, setRevising] = useState(false)
  const missing = leftBehind(chosen, tasks)
  const some = chosen.length < drafts.length
  return (
    <section
      aria-label="Proposed tasks"
      className="appear mt-3 space-y-2.5 rounded-xl border border-line-strong bg-raised p-3.5 shadow-sm"
    >
      <header>
        <h2 className="flex items-center gap-2 font-semibold">
          <ListChecks aria-hidden className="size-4 shrink-0 text-state-violet" />
          {count(drafts.length, 'proposed task')}
        </h2>
        <p className="mt-0.5 text-muted text-xs">
          {busy
            ? 'The agent is still at work: it may change them.'
            : 'Read the plans. Nothing runs before you accept it.'}
        </p>
      </header>
      <DraftRows
        chosen={ids}
        drafts={drafts}
        label="Drafts"
        more={draft => <Draft draft={draft} tasks={tasks} />}
        onToggle={toggle}
      />
      {missing.length > 0 && (
        <p className="text-state-amber text-xs" role="status">
          Will wait until you accept {missing.map(nameOf).join(', ')} too: what is ticked builds on it.
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        <Button
          disabled={chosen.length === 0}
          icon={<CheckCheck aria-hidden className="size-4" />}
          look="primary"
          onClick={() => accept.mutate(chosen)}
          pending={accept.isPending}
        >
          {some ? `Accept ${count(chosen.length, 'ticked task')}` : 'Accept tasks'}
        </Button>
        <Button
          disabled={chosen.length === 0}
          icon={<PenLine aria-hidden className="size-4" />}
          onClick={() => setRevising(true)}
        >
          Revise plan
        </Button>
      </div>
      {revising && (
        <Suspense>
          <ReviseDialog drafts={drafts} first={[...ids]} onClose={() => setRevising(false)} projectId={projectId} />
        </Suspense>
      )}
    </section>
  )
}

/** A draft's description, what it waits for, and its plan behind a button. */
function Draft({ draft, tasks }: { draft: Task; tasks: Task[] }) {
  const [plan, setPlan] = useState(false)
  const before = draft.dependsOn.flatMap(id => tasks.find(one => one.id === id) ?? [])
  return (
    <>
      {draft.description && <Markdown className="mt-0.5 line-clamp-3 text-xs" text={draft.description} />}
      {before.length > 0 && <p className="mt-0.5 text-muted text-xs">After {before.map(nameOf).join(', ')}</p>}
      <div className="mt-1 flex items-center gap-1">
        <Button
          aria-label={`View plan of ${nameOf(draft)}`}
          className="-ml-2"
          icon={<FileText aria-hidden className="size-3.5" />}
          look="ghost"
          onClick={() => setPlan(true)}
          small
        >
          View plan
        </Button>
        {draft.planVersion > 1 && <span className="text-muted text-xs">Version {draft.planVersion}</span>}
        <span className="ml-auto">
          <CardMenu task={draft} />
        </span>
      </div>
      {plan && <PlanDialog onClose={() => setPlan(false)} task={draft} />}
    </>
  )
}
