import type { Project } from '../../../../shared/contract/project.ts'

/** Whether a project's model is the built-in one, which follows Markdown instead of thinking. */
export const isRunbook = (project: Pick<Project, 'settings'> | undefined): boolean =>
  project?.settings.model.split(':')[0] === 'runbook'
