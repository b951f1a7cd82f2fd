import type { ReactNode } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { Markdown } from '../ui/markdown.tsx'

/** What a task is for, its plan, and when it is done. */
export function PlanView({ task }: { task: Pick<Task, 'description' | 'plan' | 'doneWhen'> }) {
  return (
    <div className="space-y-4">
      {task.description && (
        <Part title="Description">
          <Markdown text={task.description} />
        </Part>
      )}
      <Part title="Plan">
        <Markdown text={task.plan} />
      </Part>
      {task.doneWhen && (
        <Part title="Done when">
          <Markdown text={task.doneWhen} />
        </Part>
      )}
    </div>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className="mb-1 font-semibold text-2xs text-muted uppercase tracking-wide">{title}</h3>
      {children}
    </section>
  )
}
