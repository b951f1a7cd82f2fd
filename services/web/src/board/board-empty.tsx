import { ListTodo, Plus, Ship } from 'lucide-react'
import type { Project } from '../../../../shared/contract/project.ts'
import { problemWords } from '../api/problem-words.ts'
import { isSample, sampleRequest } from '../projects/sample-request.ts'
import { Button } from '../ui/button.tsx'
import { CopyButton } from '../ui/copy-button.tsx'
import { Empty, Notice } from '../ui/notice.tsx'
import { SayWhat } from './say-what.tsx'
import { useCreateTasks } from './use-create-tasks.ts'

/** A board without tasks: what a task is, and how to get the first. */
export function BoardEmpty({ project, onNewTask }: { project: Project; onNewTask(): void }) {
  const request = isSample(project) ? sampleRequest() : null
  const sample = useCreateTasks(project.id, () => {})
  return (
    <div className="h-full overflow-y-auto">
      <Empty
        action={
          <>
            <SayWhat project={project} />
            <p className="w-full text-muted text-xs">or</p>
            {request && (
              <Button
                icon={<Ship aria-hidden className="size-4" />}
                onClick={() => sample.create(request)}
                pending={sample.isPending}
              >
                Create the sample request's {request.tasks.length} drafts
              </Button>
            )}
            <Button icon={<Plus aria-hidden className="size-4" />} onClick={onNewTask}>
              Write a task yourself
            </Button>
          </>
        }
        icon={<ListTodo aria-hidden className="size-8" />}
        title="No task yet"
      >
        <p>
          Say what to build: it becomes drafts with a plan each. Accepted ones run side by side, each in its own copy of
          the project; the main version stays untouched until you apply their changes.
        </p>
      </Empty>
      <p className="flex items-center justify-center gap-1 px-4 pb-6 text-muted text-xs">
        <code className="truncate">git clone {project.cloneUrl}</code>
        <CopyButton label="Copy the clone command" text={`git clone ${project.cloneUrl}`} />
      </p>
      {sample.error && (
        <div className="mx-auto max-w-md">
          <Notice kind="error" title="The drafts were not created">
            {problemWords(sample.error)}
          </Notice>
        </div>
      )}
    </div>
  )
}
