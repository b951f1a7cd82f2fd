import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Blocked, Task } from '../../../../shared/contract/task.ts'
import { useDeps } from '../app/deps.tsx'
import { Button } from '../ui/button.tsx'
import { dollars, raised } from './money-words.ts'
import { nameOf } from './task-words.ts'
import { useProjectBudget, useTaskBudget } from './use-budget.ts'

const STEPS = [1, 5]

/**
 * A budget is used up: how much of which is spent, with buttons that raise it.
 * @param taskId the task whose budget it may be: itself, or the one whose sub-agent it is; null in a thread without a task
 */
export function BudgetPrompt({
  projectId,
  taskId,
  blocked,
}: {
  projectId: string
  taskId: string | null
  blocked: Blocked
}) {
  const { queries } = useDeps()
  const owner = blocked.waitingOn[0] ?? taskId
  const task = useQuery({ ...queries.task(owner ?? ''), enabled: owner !== null })
  const project = useQuery(queries.project(projectId))
  const usage = useQuery(queries.usage(projectId))
  if (blocked.until) {
    return (
      <p className="text-muted text-xs">
        What is left may be needed for replies that are under way. It goes on by itself when they are there.
      </p>
    )
  }
  const limitUsd = project.data?.settings.budgetUsd ?? null
  return (
    <div className="space-y-2">
      {task.data && task.data.budgetUsd !== null && <TaskBudget budgetUsd={task.data.budgetUsd} task={task.data} />}
      {limitUsd !== null && usage.data && (
        <ProjectBudget limitUsd={limitUsd} projectId={projectId} spentUsd={usage.data.total.costUsd} />
      )}
      <p className="text-muted text-xs">Nothing is lost: it goes on from here as soon as there is more.</p>
    </div>
  )
}

function TaskBudget({ task, budgetUsd }: { task: Task; budgetUsd: number }) {
  const change = useTaskBudget(task.id)
  return (
    <Raise
      budgetUsd={budgetUsd}
      onRaise={usd => change.mutate(usd)}
      pending={change.isPending}
      spentUsd={task.usageTotal.costUsd}
    >
      Budget of {nameOf(task)}
    </Raise>
  )
}

function ProjectBudget({ projectId, limitUsd, spentUsd }: { projectId: string; limitUsd: number; spentUsd: number }) {
  const change = useProjectBudget(projectId)
  return (
    <Raise budgetUsd={limitUsd} onRaise={usd => change.mutate(usd)} pending={change.isPending} spentUsd={spentUsd}>
      Budget of the project
    </Raise>
  )
}

function Raise({
  children,
  budgetUsd,
  spentUsd,
  onRaise,
  pending,
}: {
  children: ReactNode
  budgetUsd: number
  spentUsd: number
  onRaise(usd: number): void
  pending: boolean
}) {
  return (
    <div className="flex flex-wrap items-center gap-2">
      <span className="min-w-0 flex-1 text-xs">
        {children}: <span className="tabular-nums">{`${dollars(spentUsd)} of ${dollars(budgetUsd)}`}</span> spent
      </span>
      {STEPS.map(step => (
        <Button
          key={step}
          onClick={() => onRaise(raised(budgetUsd, spentUsd, step))}
          pending={pending}
          small
          title={`Raise it to ${dollars(raised(budgetUsd, spentUsd, step))}`}
        >
          +${step}
        </Button>
      ))}
    </div>
  )
}
