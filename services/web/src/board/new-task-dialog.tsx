import { type KeyboardEvent, useState } from 'react'
import type { Project } from '../../../../shared/contract/project.ts'
import type { Task } from '../../../../shared/contract/task.ts'
import { problemWords } from '../api/problem-words.ts'
import { useStoredState } from '../app/stored-state.ts'
import { isRunbook } from '../projects/runbook.ts'
import { possiblePrerequisites } from '../task/task-graph.ts'
import { Button, Kbd } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { FormError } from '../ui/notice.tsx'
import { DraftFields } from './draft-fields.tsx'
import { type DraftForm, emptyForm, faultsOf, freshKey, isBlank, toDrafts } from './draft-form.ts'
import { DraftList } from './draft-list.tsx'
import { useCreateTasks } from './use-create-tasks.ts'

/** Writes one draft, or several that may depend on each other. What is typed survives closing it and a reload. */
export function NewTaskDialog({ project, tasks, onClose }: { project: Project; tasks: Task[]; onClose(): void }) {
  const [added, setAdded] = useStoredState<DraftForm[]>(`slipway.drafts.${project.id}`, [])
  const [form, setForm] = useStoredState<DraftForm>(`slipway.draft.${project.id}`, emptyForm())
  const [checked, setChecked] = useState(false)
  const create = useCreateTasks(project.id, () => {
    setAdded([])
    setForm(emptyForm())
    onClose()
  })
  const faults = faultsOf(form)

  const keyed = (): DraftForm =>
    form.key
      ? form
      : { ...form, key: freshKey(form.title, [...tasks.map(task => task.key), ...added.map(draft => draft.key)]) }
  const addAnother = () => {
    setChecked(faults !== null)
    if (faults) return
    setAdded([...added, keyed()])
    setForm(emptyForm())
  }
  const submit = () => {
    const last = added.length > 0 && isBlank(form) ? [] : [keyed()]
    setChecked(last.length > 0 && faults !== null)
    if (last.length > 0 && faults) return
    create.create({ tasks: toDrafts([...added, ...last], tasks) })
  }
  const edit = (draft: DraftForm) => {
    setChecked(!isBlank(form) && faults !== null)
    if (!isBlank(form) && faults) return
    const others = added.filter(other => other !== draft)
    setAdded(isBlank(form) ? others : [...others, keyed()])
    setForm(draft)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    submit()
  }
  const total = added.length + (added.length > 0 && isBlank(form) ? 0 : 1)
  const choices = [
    ...added.map(draft => ({ id: draft.key, label: draft.title, note: 'new' })),
    ...possiblePrerequisites(null, tasks).map(task => ({ id: task.id, label: task.title, note: `#${task.number}` })),
  ]
  return (
    <Dialog
      description={`In ${project.name}. It starts only when you accept it.`}
      footer={
        <>
          <Button className="mr-auto" onClick={addAnother}>
            Add another
          </Button>
          <Button onClick={onClose}>Close</Button>
          <Button look="primary" onClick={submit} pending={create.isPending}>
            {total === 1 ? 'Create draft' : `Create ${total} drafts`}
            <span className="flex gap-0.5 max-sm:hidden">
              <Kbd>Ctrl</Kbd>
              <Kbd>↵</Kbd>
            </span>
          </Button>
        </>
      }
      onOpenChange={open => open || onClose()}
      open
      title="New task"
      wide
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for the button below */}
      <div className="space-y-4" onKeyDown={onKeyDown}>
        <DraftList drafts={added} onEdit={edit} onRemove={draft => setAdded(added.filter(other => other !== draft))} />
        <DraftFields
          choices={choices}
          faults={checked ? faults : null}
          form={form}
          key={added.length}
          onChange={setForm}
          runbook={isRunbook(project)}
        />
        {create.error && <FormError title="Nothing was created">{problemWords(create.error)}</FormError>}
      </div>
    </Dialog>
  )
}
