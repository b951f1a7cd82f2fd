import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { Project, ProjectSource } from '../../../../shared/contract/project.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { newKey } from '../api/idempotency-key.ts'
import { keys } from '../api/keys.ts'
import { problemWords } from '../api/problem-words.ts'
import { useNow } from '../app/clock.tsx'
import { useDeps } from '../app/deps.tsx'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { FormError } from '../ui/notice.tsx'
import { elapsedWords } from '../ui/time-words.ts'
import { ModelField } from './model-field.tsx'
import { projectName } from './project-name.ts'
import { markSample } from './sample-request.ts'
import { SourceChoice } from './source-choice.tsx'

type Kind = ProjectSource['kind']

/** Creates a project and goes to its board. */
export function NewProjectDialog({ kind: first, onClose }: { kind: Kind; onClose(): void }) {
  const { client, queries } = useDeps()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const me = useQuery(queries.me())
  const [kind, setKind] = useState<Kind>(first)
  const [name, setName] = useState('')
  const [url, setUrl] = useState('')
  const [checkCommand, setCheckCommand] = useState('')
  const [model, setModel] = useState('')

  const create = useMutation({
    mutationFn: ({ key }: { key: string; startedAt: number }) => {
      const source: ProjectSource = kind === 'git' ? { kind, url: url.trim() } : { kind }
      const settings = {
        ...(model.trim() && { model: model.trim() }),
        ...(kind !== 'sample' && checkCommand.trim() && { checkCommand: checkCommand.trim() }),
      }
      return client.createProject({
        body: { name: name.trim() || projectName(source), source, settings },
        idempotencyKey: key,
      })
    },
    onSuccess: (project: Project) => {
      if (kind === 'sample') markSample(project.id)
      queryClient.setQueryData(keys.project(project.id), project)
      void queryClient.invalidateQueries({ queryKey: keys.projects })
      void navigate({ to: '/p/$projectId', params: { projectId: project.id } })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate({ key: newKey(), startedAt: Date.now() })
  }
  const ready = kind === 'git' ? url.trim() !== '' : kind === 'sample' || name.trim() !== ''

  return (
    <Dialog
      footer={
        <>
          {create.isPending && <Progress kind={kind} since={create.variables.startedAt} url={url} />}
          <Button onClick={onClose}>Close</Button>
          <Button disabled={!ready} form="new-project" look="primary" pending={create.isPending} type="submit">
            Create project
          </Button>
        </>
      }
      onOpenChange={open => open || onClose()}
      open
      title="New project"
    >
      <form className="space-y-4" id="new-project" onSubmit={submit}>
        <SourceChoice kind={kind} onChange={setKind} />
        {kind === 'git' && (
          <TextField
            autoFocus
            hint="https, ssh or git. All of its history is copied; nothing is ever pushed back to it."
            label="Git URL"
            maxLength={LIMITS.project.urlChars}
            onChange={event => setUrl(event.target.value)}
            placeholder="https://host/owner/repository.git"
            required
            value={url}
          />
        )}
        <TextField
          label={kind === 'empty' ? 'Name' : 'Name (optional)'}
          maxLength={LIMITS.project.nameChars}
          onChange={event => setName(event.target.value)}
          placeholder={projectName(kind === 'git' ? { kind, url } : { kind })}
          required={kind === 'empty'}
          value={name}
        />
        {kind !== 'sample' && (
          <TextField
            className="font-normal"
            hint="Runs on every task's work before it is ready, and before it reaches main. Leave it empty for none."
            label="Check command (optional)"
            maxLength={LIMITS.project.commandChars}
            onChange={event => setCheckCommand(event.target.value)}
            placeholder="npm test"
            value={checkCommand}
          />
        )}
        <ModelField models={me.data?.models ?? []} onChange={setModel} standard={me.data?.defaultModel} value={model} />
        {create.error && <FormError title="The project was not created">{problemWords(create.error)}</FormError>}
      </form>
    </Dialog>
  )
}

function Progress({ kind, url, since }: { kind: Kind; url: string; since: number }) {
  const now = useNow()
  const what = kind === 'git' ? `Copying ${url}` : kind === 'sample' ? 'Creating the sample' : 'Creating the repository'
  return (
    <p className="mr-auto min-w-0 flex-1 truncate text-muted text-xs" role="status">
      {what} · {elapsedWords(now - since)}
    </p>
  )
}
