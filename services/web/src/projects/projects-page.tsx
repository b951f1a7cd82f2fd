import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { FolderGit2, Plus } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import type { Project } from '../../../../shared/contract/project.ts'
import { useDeps } from '../app/deps.tsx'
import { InBar } from '../app/shell-slots.tsx'
import { useTitle } from '../app/use-title.ts'
import { Button } from '../ui/button.tsx'
import { Failed } from '../ui/failed.tsx'
import { Empty, Loading } from '../ui/notice.tsx'
import { timeWords } from '../ui/time-words.ts'

const NewProjectDialog = lazy(async () => ({ default: (await import('./new-project-dialog.tsx')).NewProjectDialog }))

/** All projects of the organization, newest first. */
export function ProjectsPage() {
  const { queries } = useDeps()
  const projects = useQuery(queries.projects())
  const [creating, setCreating] = useState<'sample' | 'empty' | null>(null)
  useTitle('Projects')
  return (
    <>
      <InBar>
        <h1 className="min-w-0 flex-1 truncate font-semibold">Projects</h1>
        <Button
          icon={<Plus aria-hidden className="size-4" />}
          look="primary"
          onClick={() => setCreating('empty')}
          small
        >
          New project
        </Button>
      </InBar>
      <div className="mx-auto h-full max-w-4xl overflow-y-auto p-3 sm:p-6">
        {projects.isPending && <Loading label="Projects are being read" />}
        {projects.error && <Failed error={projects.error} retry={projects.refetch} what="The projects" />}
        {projects.data?.length === 0 && (
          <Empty
            action={
              <>
                <Button look="primary" onClick={() => setCreating('sample')}>
                  Start with the sample
                </Button>
                <Button onClick={() => setCreating('empty')}>Create a project</Button>
              </>
            }
            icon={<FolderGit2 aria-hidden className="size-8" />}
            title="No project yet"
          >
            A project is a git repository that agents work on. The sample is a small web app with tests: it shows in two
            minutes, without any key, how tasks run in parallel and reach the main version.
          </Empty>
        )}
        <ul className="space-y-2">
          {projects.data?.map(project => (
            <ProjectRow key={project.id} project={project} />
          ))}
        </ul>
      </div>
      {creating && (
        <Suspense>
          <NewProjectDialog kind={creating} onClose={() => setCreating(null)} />
        </Suspense>
      )}
    </>
  )
}

function ProjectRow({ project }: { project: Project }) {
  return (
    <li>
      <Link
        className="flex items-center gap-3 rounded-lg border border-line bg-panel px-4 py-3 transition-colors hover:border-line-strong hover:bg-raised"
        params={{ projectId: project.id }}
        to="/p/$projectId"
      >
        <FolderGit2 aria-hidden className="size-5 shrink-0 text-muted" />
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium">{project.name}</span>
          <span className="block truncate text-muted text-xs">
            {project.slug} · {project.defaultBranch} at <code>{project.headSha.slice(0, 7)}</code> ·{' '}
            {project.settings.model}
          </span>
        </span>
        <time className="shrink-0 text-muted text-xs max-sm:hidden" dateTime={project.createdAt}>
          {timeWords(project.createdAt)}
        </time>
      </Link>
    </li>
  )
}
