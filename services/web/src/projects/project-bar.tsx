import { Link } from '@tanstack/react-router'
import { Kanban, MessagesSquare, Settings } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import type { Project } from '../../../../shared/contract/project.ts'
import { IconButton } from '../ui/button.tsx'
import { cx } from '../ui/cx.ts'
import { ProjectSwitch } from './project-switch.tsx'

const SettingsDialog = lazy(async () => ({ default: (await import('./settings-dialog.tsx')).SettingsDialog }))

const pages = [
  { name: 'board', word: 'Board', icon: Kanban, to: '/p/$projectId' },
  { name: 'threads', word: 'Threads', icon: MessagesSquare, to: '/p/$projectId/threads' },
] as const

/** A project's part of the top bar: which one, its pages and its settings. */
export function ProjectBar({
  project,
  projectId,
  current,
}: {
  project: Project | undefined
  projectId: string
  current: (typeof pages)[number]['name']
}) {
  const [settings, setSettings] = useState(false)
  return (
    <>
      <h1 className="min-w-0 max-sm:flex-1">
        <ProjectSwitch project={project} />
      </h1>
      <nav aria-label="Pages of the project" className="flex shrink-0 gap-0.5">
        {pages.map(({ name, word, icon: Icon, to }) => (
          <Link
            activeOptions={{ exact: true }}
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
        {project && (
          <IconButton label="Settings of the project" onClick={() => setSettings(true)}>
            <Settings aria-hidden className="size-4" />
          </IconButton>
        )}
      </nav>
      {project && settings && (
        <Suspense>
          <SettingsDialog onClose={() => setSettings(false)} project={project} />
        </Suspense>
      )}
    </>
  )
}
