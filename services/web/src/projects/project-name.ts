import type { ProjectSource } from '../../../../shared/contract/project.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'

/** The name that a project gets where its creator gives none: the sample's, or the last part of its git URL. */
export function projectName(source: ProjectSource): string {
  if (source.kind === 'sample') return 'Sample'
  if (source.kind === 'empty') return 'My project'
  const last = source.url
    .trim()
    .replace(/[?#].*$/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split(/[/:\\]/)
    .at(-1)
  return (last || 'Repository').slice(0, LIMITS.project.nameChars)
}
