import { useQuery } from '@tanstack/react-query'
import { Tabs } from 'radix-ui'
import type { ReactNode } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { useDeps } from '../app/deps.tsx'
import { ChangesTab } from '../changes/changes-tab.tsx'
import { PipelinesTab } from '../pipeline/pipelines-tab.tsx'
import { PlanVersions } from '../proposals/plan-versions.tsx'
import { ChecksTab } from './checks-tab.tsx'
import { DetailsTab } from './details-tab.tsx'
import { LogTab } from './log-tab.tsx'
import { PlanView } from './plan-view.tsx'
import { TASK_TABS, type TaskTab } from './task-tabs.ts'

const words: Record<TaskTab, string> = {
  thread: 'Thread',
  plan: 'Plan',
  pipelines: 'Pipelines',
  changes: 'Changes',
  checks: 'Checks',
  log: 'Log',
  details: 'Details',
}

/** What a person most likely wants to see of a task in this state. */
const firstTab = ({ state }: Task): TaskTab =>
  ['ready', 'applying', 'done', 'dismissed'].includes(state) ? 'changes' : 'plan'

/** A task's plan, changes, checks, log and details; with `thread`, its thread as well. */
export function TaskTabsView({
  task,
  tasks,
  tab,
  onTab,
  thread,
}: {
  task: Task
  tasks: Task[]
  tab: TaskTab | undefined
  onTab(tab: TaskTab): void
  thread?: ReactNode
}) {
  const panels: Record<TaskTab, ReactNode> = {
    thread,
    plan: <div className="p-4">{task.planVersion > 1 ? <PlanVersions task={task} /> : <PlanView task={task} />}</div>,
    pipelines: <PipelinesTab task={task} />,
    changes: <ChangesTab task={task} />,
    checks: <ChecksTab task={task} />,
    log: <LogTab task={task} />,
    details: <DetailsTab task={task} tasks={tasks} />,
  }
  const { queries } = useDeps()
  const pipelines = useQuery({ ...queries.pipelines(task.threadId), enabled: !task.pipelineId })
  const hasPipelines = (pipelines.data?.length ?? 0) > 0
  const shown = TASK_TABS.filter(
    name => (name !== 'thread' || thread) && (name !== 'pipelines' || hasPipelines || tab === 'pipelines'),
  )
  return (
    <Tabs.Root
      className="flex h-full min-h-0 flex-col bg-panel"
      onValueChange={value => onTab(value as TaskTab)}
      value={tab ?? firstTab(task)}
    >
      <Tabs.List
        aria-label="About the task"
        className="flex h-10 shrink-0 gap-1 overflow-x-auto border-line border-b px-2"
      >
        {shown.map(name => (
          <Tabs.Trigger
            className="-mb-px shrink-0 rounded-t focus-visible:-outline-offset-2 border-transparent border-b-2 px-2.5 text-muted text-sm transition-colors hover:text-fg data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-fg"
            key={name}
            value={name}
          >
            {words[name]}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {shown.map(name => (
        <Tabs.Content
          className={name === 'thread' ? 'min-h-0 flex-1 bg-bg' : 'min-h-0 flex-1 overflow-y-auto'}
          key={name}
          tabIndex={-1}
          value={name}
        >
          {panels[name]}
        </Tabs.Content>
      ))}
    </Tabs.Root>
  )
}
