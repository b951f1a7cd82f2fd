import type { CreateTasks } from '../../../../shared/contract/task.ts'

const KEY = 'slipway.samples'
// Found at build time; a build without the file has no sample request and shows no button for it.
const found = import.meta.glob<unknown>('../../../../infra/sample-request.json', { eager: true, import: 'default' })

/** The drafts of the sample request, or null where this build has none. */
export function sampleRequest(): CreateTasks | null {
  const [request] = Object.values(found) as CreateTasks[]
  return request ? { tasks: request.tasks } : null
}

/** Remembers in this browser that a project was made from the sample. */
export function markSample(projectId: string): void {
  localStorage.setItem(KEY, [...samples(), projectId].slice(-50).join(' '))
}

/** Whether a project is the sample: made here as such, or named so. */
export function isSample(project: { id: string; slug: string }): boolean {
  return samples().includes(project.id) || /(^|-)sample(-|$)/.test(project.slug)
}

const samples = (): string[] => localStorage.getItem(KEY)?.split(' ') ?? []
