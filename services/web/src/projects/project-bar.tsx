import { Link } from '@tanstack/react-router'
import { Kanban, MessagesSquare } from 'lucide-react'
import type { Project } from '../../../../shared/contract/project.ts'
import { cx } from '../ui/cx.ts'
import { ProjectSwitch } from './project-switch.tsx'

const pages = [
  { name: 'board', word: 'Board', icon: Kanban, to: '/p/$projectId' },
  { name: 'threads', word: 'Threads', icon: MessagesSquare, to: '/p/$projectId/threads' },
] as const

/** A project's part of the top bar: which one, and its pages. */
export function ProjectBar({
  project,
  projectId,
  current,
}: {
  project: Project | undefined
  projectId: string
  current: (typeof pages)[number]['name']
}) {
  return (
    <>
      <h1 className="min-w-0 max-sm:flex-1">
        <ProjectSwitch project={project} />
      </h1>
      <nav aria-label="Pages of the project" className="flex shrink-0 gap-0.5">
        {pages.map(({ name, word, icon: Icon, to }) => (
          <Link
            aria-current={name === current ? 'page' : undefined}
            aria-label={word}
            className={cx(
              'flex h-7 items-center gap-1.5 rounded-md px-2 text-sm hover:bg-sunken',
              name === current ? 'bg-sunken font-medium' : 'text-muted hover:text-fg',
            )}
            key={name}
            params={{ projectId }}
            to={to}
          >
            <Icon aria-hidden className="size-4" />
            <span className="max-lg:hidden">{word}</span>
          </Link>
        ))}
      </nav>
    </>
  )
}
