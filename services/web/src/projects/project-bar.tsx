import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Kanban, LoaderCircle, MessageCircleQuestionMark, MessagesSquare, Settings } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import type { Project } from '../../../../shared/contract/project.ts'
import { useDeps } from '../app/deps.tsx'
import { useHotkey } from '../app/hotkeys.ts'
import { IconButton } from '../ui/button.tsx'
import { cx } from '../ui/cx.ts'
import { ProjectSwitch } from './project-switch.tsx'

const SettingsDialog = lazy(async () => ({ default: (await import('./settings-dialog.tsx')).SettingsDialog }))

const pages = [
  { name: 'board', word: 'Board', hotkey: 'b', icon: Kanban, to: '/p/$projectId' },
  { name: 'threads', word: 'Threads', hotkey: 't', icon: MessagesSquare, to: '/p/$projectId/threads' },
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
  const navigate = useNavigate()
  const other = pages.find(({ name }) => name !== current)!
  useHotkey(other.hotkey, () => void navigate({ to: other.to, params: { projectId } }))
  return (
    <>
      <h1 className="min-w-0 max-sm:flex-1">
        <ProjectSwitch project={project} />
      </h1>
      <nav aria-label="Pages of the project" className="flex shrink-0 gap-0.5">
        {pages.map(({ name, word, icon: Icon, to, hotkey }) => (
          <Link
            activeOptions={{ exact: true }}
            aria-keyshortcuts={hotkey}
            aria-current={name === current ? 'page' : undefined}
            className={cx(
              'flex h-7 items-center gap-1.5 rounded-md px-2 text-sm hover:bg-sunken',
              name === current ? 'bg-sunken font-medium' : 'text-muted hover:text-fg',
            )}
            key={name}
            params={{ projectId }}
            to={to}
          >
            <Icon aria-hidden className="size-4" />
            <span className="max-lg:sr-only">{word}</span>
            {name === 'threads' && project && <MainThreadMark threadId={project.mainThreadId} />}
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

/** That the main thread's agent is at work, or asks something. */
function MainThreadMark({ threadId }: { threadId: string }) {
  const { queries } = useDeps()
  const thread = useQuery(queries.thread(threadId))
  const asks = thread.data?.status === 'waiting' && thread.data.blocked?.reason === 'answer'
  if (asks) {
    return (
      <span className="flex items-center gap-1 text-state-amber text-xs">
        <MessageCircleQuestionMark aria-hidden className="size-3.5" />
        <span className="max-lg:sr-only">asks you</span>
      </span>
    )
  }
  if (thread.data?.status !== 'active') return null
  return (
    <>
      <LoaderCircle aria-hidden className="size-3.5 animate-spin text-state-blue [animation-duration:2s]" />
      <span className="sr-only">(the agent works)</span>
    </>
  )
}
