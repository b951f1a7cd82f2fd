import type { Task, TaskDraft } from '../../../../shared/contract/task.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { slugify } from '../../../../shared/domain/slug.ts'

/** A draft as it is being written. `dependsOn` holds ids of tasks, and keys of the drafts written with it. */
export interface DraftForm {
  key: string
  title: string
  description: string
  plan: string
  doneWhen: string
  dependsOn: string[]
  priority: string
}

export const emptyForm = (): DraftForm => ({
  key: '',
  title: '',
  description: '',
  plan: '',
  doneWhen: '',
  dependsOn: [],
  priority: '0',
})

export const isBlank = (form: DraftForm): boolean =>
  [form.title, form.description, form.plan, form.doneWhen].every(text => text.trim() === '')

/** What is still missing, by field; null where the draft is complete. */
export function faultsOf(form: DraftForm): Partial<Record<'title' | 'plan' | 'priority', string>> | null {
  const { minPriority, maxPriority } = LIMITS.task
  const priority = Number(form.priority)
  const faults = {
    ...(form.title.trim() === '' && { title: 'Give it a title.' }),
    ...(form.plan.trim() === '' && { plan: 'Say what is to be done.' }),
    ...((!Number.isInteger(priority) || priority < minPriority || priority > maxPriority) && {
      priority: `A whole number from ${minPriority} to ${maxPriority}.`,
    }),
  }
  return Object.keys(faults).length > 0 ? faults : null
}

/** A key for a draft, from its title, that no task and no other draft has. */
export function freshKey(title: string, taken: Iterable<string>): string {
  const used = new Set(taken)
  const base = slugify(title, LIMITS.task.keyChars - 6, 'task')
  let key = base
  for (let n = 2; used.has(key); n++) key = `${base}-${n}`
  return key
}

/** The forms as the API takes them. A prerequisite that was removed from the batch is left out. */
export function toDrafts(forms: readonly DraftForm[], tasks: readonly Pick<Task, 'id'>[]): TaskDraft[] {
  const known = new Set([...forms.map(form => form.key), ...tasks.map(task => task.id)])
  return forms.map(form => ({
    key: form.key,
    title: form.title.trim(),
    description: form.description.trim(),
    plan: form.plan,
    doneWhen: form.doneWhen.trim(),
    dependsOn: form.dependsOn.filter(one => known.has(one)),
    priority: Number(form.priority),
  }))
}
