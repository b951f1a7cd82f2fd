import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ListTodo } from 'lucide-react'
import { type FormEvent, type KeyboardEvent, useId } from 'react'
import type { Project } from '../../../../shared/contract/project.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { newKey } from '../api/idempotency-key.ts'
import { keys } from '../api/keys.ts'
import { problemWords } from '../api/problem-words.ts'
import { useDeps } from '../app/deps.tsx'
import { useStoredState } from '../app/stored-state.ts'
import { isRunbook } from '../projects/runbook.ts'
import { rememberMode } from '../threads/mode.ts'
import { RunbookHint } from '../threads/runbook-hint.tsx'
import { Button, Kbd } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'

/** Says what to build: the agent plans it in the main thread, to which this leads. */
export function SayWhat({ project }: { project: Project }) {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const id = useId()
  const [text, setText] = useStoredState(`slipway.wish.${project.id}`, '')
  const threadId = project.mainThreadId
  const plan = useMutation({
    mutationFn: ({ key }: { key: string }) =>
      client.postMessage({ params: { id: threadId }, body: { text: text.trim(), mode: 'plan' }, idempotencyKey: key }),
    onSuccess: () => {
      setText('')
      rememberMode(threadId, 'plan')
      void queryClient.invalidateQueries({ queryKey: keys.thread(threadId) })
      void queryClient.invalidateQueries({ queryKey: keys.messages(threadId) })
      void navigate({ to: '/p/$projectId/threads', params: { projectId: project.id } })
    },
  })
  const submit = (event: FormEvent | KeyboardEvent) => {
    event.preventDefault()
    if (text.trim() !== '') plan.mutate({ key: newKey() })
  }
  return (
    <form
      className="w-full text-left"
      onKeyDown={event => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event)
      }}
      onSubmit={submit}
    >
      <label className="mb-1 block font-medium text-xs" htmlFor={id}>
        What do you want to build?
      </label>
      <textarea
        className="field-sizing-content block max-h-72 min-h-20 w-full rounded-md border border-line-strong bg-bg px-2.5 py-1.5 text-sm text-fg placeholder:text-muted/70"
        id={id}
        maxLength={LIMITS.thread.messageChars}
        onChange={event => setText(event.target.value)}
        placeholder="In your own words. Or ask: what would have the most impact next?"
        value={text}
      />
      <div className="mt-2 flex flex-wrap items-center gap-2">
        <span className="min-w-40 flex-1 text-muted text-xs">
          The agent reads the project and proposes tasks. Nothing is changed.
          {isRunbook(project) && <RunbookHint />}
        </span>
        <Button
          disabled={text.trim() === ''}
          icon={<ListTodo aria-hidden className="size-4" />}
          look="primary"
          pending={plan.isPending}
          type="submit"
        >
          Plan it
          <span className="flex gap-0.5 max-sm:hidden">
            <Kbd>Ctrl</Kbd>
            <Kbd>↵</Kbd>
          </span>
        </Button>
      </div>
      {plan.error && (
        <div className="mt-2">
          <Notice kind="error" title="The agent was not asked">
            {problemWords(plan.error)}
          </Notice>
        </div>
      )}
    </form>
  )
}
