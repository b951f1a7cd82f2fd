import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { toast } from 'sonner'
import type { Project, UpdateProject } from '../../../../shared/contract/project.ts'
import { keys } from '../api/keys.ts'
import { problemWords } from '../api/problem-words.ts'
import { useDeps } from '../app/deps.tsx'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { FormError } from '../ui/notice.tsx'
import { SettingsFields } from './settings-fields.tsx'
import { changesOf, faultsOfSettings, settingsForm } from './settings-form.ts'

/** Everything that can be set of a project. */
export function SettingsDialog({ project, onClose }: { project: Project; onClose(): void }) {
  const { client, queries } = useDeps()
  const queryClient = useQueryClient()
  const me = useQuery(queries.me())
  const usage = useQuery(queries.usage(project.id))
  const [form, setForm] = useState(() => settingsForm(project))
  const faults = faultsOfSettings(form)
  const whole = Object.keys(faults).length === 0
  const save = useMutation({
    mutationFn: (body: UpdateProject) => client.updateProject({ params: { id: project.id }, body }),
    onSuccess: saved => {
      queryClient.setQueryData(keys.project(project.id), saved)
      void queryClient.invalidateQueries({ queryKey: keys.projects })
      toast.success('Saved', { description: 'Runs that start from now on follow it.' })
      onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (whole) save.mutate(changesOf(form, project))
  }
  return (
    <Dialog
      description="For all of its tasks and threads."
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button disabled={!whole} form="project-settings" look="primary" pending={save.isPending} type="submit">
            Save
          </Button>
        </>
      }
      onOpenChange={open => open || onClose()}
      open
      title={`Settings of ${project.name}`}
      wide
    >
      <form className="space-y-6" id="project-settings" onSubmit={submit}>
        <SettingsFields
          faults={faults}
          form={form}
          models={me.data?.models ?? []}
          onChange={setForm}
          spent={usage.data?.total ?? null}
        />
        {save.error && <FormError title="Nothing was saved">{problemWords(save.error)}</FormError>}
      </form>
    </Dialog>
  )
}
