import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Thread } from '../../../../shared/contract/thread.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { newKey } from '../api/idempotency-key.ts'
import { keys } from '../api/keys.ts'
import { problemWords } from '../api/problem-words.ts'
import { useDeps } from '../app/deps.tsx'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { FormError } from '../ui/notice.tsx'

/** Opens a thread beside the main one. */
export function NewThreadDialog({
  projectId,
  onOpened,
  onClose,
}: {
  projectId: string
  onOpened(thread: Thread): void
  onClose(): void
}) {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  const [title, setTitle] = useState('')
  const open = useMutation({
    mutationFn: ({ key }: { key: string }) =>
      client.createThread({ params: { id: projectId }, body: { title: title.trim() }, idempotencyKey: key }),
    onSuccess: thread => {
      queryClient.setQueryData(keys.thread(thread.id), thread)
      void queryClient.invalidateQueries({ queryKey: keys.threads(projectId) })
      onOpened(thread)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    open.mutate({ key: newKey() })
  }
  return (
    <Dialog
      description="A conversation of its own: plan something there without filling the main thread."
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button
            disabled={title.trim() === ''}
            form="new-thread"
            look="primary"
            pending={open.isPending}
            type="submit"
          >
            Open thread
          </Button>
        </>
      }
      onOpenChange={shown => shown || onClose()}
      open
      title="New thread"
    >
      <form className="space-y-4" id="new-thread" onSubmit={submit}>
        <TextField
          autoFocus
          label="What is it about?"
          maxLength={LIMITS.thread.titleChars}
          onChange={event => setTitle(event.target.value)}
          value={title}
        />
        {open.error && <FormError title="The thread was not opened">{problemWords(open.error)}</FormError>}
      </form>
    </Dialog>
  )
}
