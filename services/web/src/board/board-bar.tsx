import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CheckCheck, ChevronDown, Plus, Search } from 'lucide-react'
import { useRef } from 'react'
import type { Project } from '../../../../shared/contract/project.ts'
import type { Task } from '../../../../shared/contract/task.ts'
import { useDeps } from '../app/deps.tsx'
import { useHotkey } from '../app/hotkeys.ts'
import { InBar } from '../app/shell-slots.tsx'
import { Button, Kbd } from '../ui/button.tsx'
import { Menu, MenuItem } from '../ui/menu.tsx'
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
      <h1 className="min-w-0 max-sm:flex-1">
        <ProjectSwitch project={project} />
      </h1>
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

function ProjectSwitch({ project }: { project: Project | undefined }) {
  const { queries } = useDeps()
  const projects = useQuery(queries.projects())
  return (
    <Menu
      align="start"
      label="Projects"
      trigger={
        <button
          className="flex max-w-full items-center gap-1 rounded-md px-2 py-1 font-semibold hover:bg-sunken"
          type="button"
        >
          <span className="truncate">{project?.name ?? 'Project'}</span>
          <ChevronDown aria-hidden className="size-4 shrink-0 text-muted" />
        </button>
      }
    >
      {projects.data?.map(one => (
        <ProjectItem current={one.id === project?.id} key={one.id} project={one} />
      ))}
      <Link className="block rounded-md px-2 py-1.5 text-sm text-state-blue hover:bg-sunken" to="/">
        All projects
      </Link>
    </Menu>
  )
}

function ProjectItem({ project, current }: { project: Project; current: boolean }) {
  const link = useRef<HTMLAnchorElement>(null)
  return (
    <MenuItem onSelect={() => link.current?.click()}>
      <Link
        className={current ? 'font-semibold' : undefined}
        onClick={event => event.stopPropagation()}
        params={{ projectId: project.id }}
        ref={link}
        tabIndex={-1}
        to="/p/$projectId"
      >
        {project.name}
      </Link>
    </MenuItem>
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
