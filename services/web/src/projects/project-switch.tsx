import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ChevronDown } from 'lucide-react'
import { useRef } from 'react'
import type { Project } from '../../../../shared/contract/project.ts'
import { useDeps } from '../app/deps.tsx'
import { Menu, MenuItem } from '../ui/menu.tsx'

/** The project's name, behind it the others. */
export function ProjectSwitch({ project }: { project: Project | undefined }) {
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
