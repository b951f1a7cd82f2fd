import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { isTerminal } from '../../../../shared/domain/task-state.ts'
import { useDeps } from '../app/deps.tsx'
import { CopyButton } from '../ui/copy-button.tsx'
import { count, elapsedWords, timeWords } from '../ui/time-words.ts'
import { BudgetEditor } from './budget-editor.tsx'
import { EdgeEditor } from './edge-editor.tsx'
import { dollars, tokenWords } from './money-words.ts'
import { isEditable } from './moves.ts'
import { StateMark } from './state-mark.tsx'
import { nameOf } from './task-words.ts'

/** Everything else about a task: its place among the others, its branch, its times, what it used. */
export function DetailsTab({ task, tasks }: { task: Task; tasks: Task[] }) {
  const { queries } = useDeps()
  const project = useQuery(queries.project(task.projectId))
  const checkpoints = useQuery(queries.checkpoints(task.id))
  const clone = project.data && `git clone ${project.data.cloneUrl}`
  return (
    <div className="space-y-5 p-4">
      {isEditable(task) ? (
        <EdgeEditor key={`${task.dependsOn.join(' ')} ${task.priority}`} task={task} tasks={tasks} />
      ) : (
        <Neighbours
          ids={task.dependsOn}
          none="Nothing: it started from the main version."
          tasks={tasks}
          title="Depends on"
        />
      )}
      <Neighbours ids={task.dependents} none="No other task." tasks={tasks} title="Needed by" />
      {task.followsTaskId && <Neighbours ids={[task.followsTaskId]} none="" tasks={tasks} title="Follows" />}
      <Group title="Work">
        <Row name="Model">{task.model}</Row>
        <Row name="Priority">{task.priority}</Row>
        <Row name="Attempt">{task.attempt}</Row>
        <Row name="Steps">{task.iterations}</Row>
        <Row name="Time worked">{elapsedWords(task.activeMs)}</Row>
        {checkpoints.data && <Row name="Checkpoints">{count(checkpoints.data.length, 'commit')}</Row>}
      </Group>
      <Group title="Cost">
        <Row name="Itself">{`${dollars(task.usage.costUsd)} · ${tokenWords(task.usage)}`}</Row>
        {task.usageTotal.inputTokens > task.usage.inputTokens && (
          <Row name="With sub-agents">{`${dollars(task.usageTotal.costUsd)} · ${tokenWords(task.usageTotal)}`}</Row>
        )}
      </Group>
      {!task.pipelineId && !isTerminal(task.state) && <BudgetEditor key={task.budgetUsd} task={task} />}
      <Group title="Times">
        <When at={task.createdAt} name="Written" />
        <When at={task.acceptedAt} name="Accepted" />
        <When at={task.startedAt} name="Started" />
        <When at={task.readyAt} name="Ready" />
        <When at={task.finishedAt} name="Ended" />
      </Group>
      <Group title="Git">
        <Copied name="Branch" value={task.branch} />
        <Copied name="Base" value={task.baseSha} />
        <Copied name="Head" value={task.headSha} />
        <Copied name="Merge" value={task.mergeSha} />
        {clone && <Copied name="Clone" value={task.branch ? `${clone} --branch ${task.branch}` : clone} />}
      </Group>
      {clone && <p className="text-muted text-xs">Git asks for a password: give it the token, with any user name.</p>}
      <Group title="Ids">
        <Copied name="Task" value={task.id} />
        <Copied name="Thread" value={task.threadId} />
        <Row name="Key">{task.key}</Row>
        <Row name="Epoch">{task.epoch}</Row>
      </Group>
    </div>
  )
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className="mb-1 font-semibold text-2xs text-muted uppercase tracking-wide">{title}</h3>
      <dl className="grid grid-cols-[7rem_1fr] items-center text-xs [&>dd]:min-h-6 [&_button]:size-6">{children}</dl>
    </section>
  )
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="flex min-w-0 items-center gap-1 break-all">{children}</dd>
    </>
  )
}

function When({ name, at }: { name: string; at: string | null }) {
  if (!at) return null
  return (
    <Row name={name}>
      <time dateTime={at}>{timeWords(at)}</time>
    </Row>
  )
}

function Copied({ name, value }: { name: string; value: string | null }) {
  if (!value) return null
  return (
    <Row name={name}>
      <code className="min-w-0 break-all">{value}</code>
      <CopyButton label={`Copy: ${name}`} text={value} />
    </Row>
  )
}

function Neighbours({ title, ids, tasks, none }: { title: string; ids: string[]; tasks: Task[]; none: string }) {
  return (
    <section>
      <h3 className="mb-1 font-semibold text-2xs text-muted uppercase tracking-wide">{title}</h3>
      {ids.length === 0 && <p className="text-muted text-xs">{none}</p>}
      <ul className="space-y-1">
        {ids.map(id => {
          const task = tasks.find(one => one.id === id)
          return (
            <li className="flex min-w-0 items-center gap-2" key={id}>
              {task && <StateMark state={task.state} />}
              <Link className="min-w-0 truncate hover:underline" params={{ taskId: id }} to="/t/$taskId">
                {task ? nameOf(task) : id}
              </Link>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
