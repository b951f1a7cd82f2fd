import { CheckCheck, Plus, Search } from 'lucide-react'
import { useRef } from 'react'
import type { Project } from '../../../../shared/contract/project.ts'
import type { Task } from '../../../../shared/contract/task.ts'
import { useHotkey } from '../app/hotkeys.ts'
import { InBar } from '../app/shell-slots.tsx'
import { ProjectBar } from '../projects/project-bar.tsx'
import { Button, Kbd } from '../ui/button.tsx'
import type { BoardView } from './board-view.ts'
import { useAcceptAll } from './use-accept-all.ts'

interface BoardBarProps {
  project: Project | undefined
  projectId: string
  tasks: Task[]
  view: BoardView
  onView(view: BoardView): void
  onNewTask(): void
}

/** The board's part of the top bar: which project, search, accept all drafts, new task. */
export function BoardBar({ project, projectId, tasks, view, onView, onNewTask }: BoardBarProps) {
  const accept = useAcceptAll(projectId)
  const drafts = tasks.filter(task => task.state === 'draft')
  return (
    <InBar>
      <ProjectBar current="board" project={project} projectId={projectId} />
      <SearchField onView={onView} view={view} />
      {(drafts.length > 0 || accept.isPending) && (
        <Button
          aria-label={`Accept all drafts (${drafts.length})`}
          icon={<CheckCheck aria-hidden className="size-4" />}
          onClick={() => accept.mutate(drafts)}
          pending={accept.isPending}
          small
        >
          <span className="max-lg:hidden">Accept all drafts ({drafts.length})</span>
          <span className="lg:hidden">{drafts.length}</span>
        </Button>
      )}
      <Button
        aria-keyshortcuts="c"
        aria-label="New task"
        icon={<Plus aria-hidden className="size-4" />}
        look="primary"
        onClick={onNewTask}
        small
      >
        <span className="max-md:hidden">New task</span>
        <span className="max-md:hidden">
          <Kbd>C</Kbd>
        </span>
      </Button>
    </InBar>
  )
}

function SearchField({ view, onView }: { view: BoardView; onView(view: BoardView): void }) {
  const field = useRef<HTMLInputElement>(null)
  useHotkey('/', () => field.current?.focus())
  return (
    <div className="relative mr-auto max-w-72 flex-1 max-sm:hidden">
      <Search aria-hidden className="pointer-events-none absolute top-1.5 left-2 size-4 text-muted" />
      <input
        aria-keyshortcuts="/"
        aria-label="Search the board"
        className="h-7 w-full rounded-md border border-line bg-bg pr-7 pl-7.5 text-sm placeholder:text-muted"
        onChange={event => onView({ ...view, q: event.target.value || undefined })}
        onKeyDown={event => {
          if (event.key !== 'Escape') return
          onView({ ...view, q: undefined })
          field.current?.blur()
        }}
        placeholder="Search tasks"
        ref={field}
        type="search"
        value={view.q ?? ''}
      />
      {!view.q && (
        <span className="pointer-events-none absolute top-1.5 right-2 text-muted">
          <Kbd>/</Kbd>
        </span>
      )}
    </div>
  )
}
