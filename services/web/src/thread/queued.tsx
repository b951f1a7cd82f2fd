import { Clock, Pencil, Undo2 } from 'lucide-react'
import { type KeyboardEvent, useState } from 'react'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { Button } from '../ui/button.tsx'
import { Said } from './said.tsx'
import type { TextRow } from './thread-rows.ts'
import { useQueued } from './use-queued.ts'

/** A message that the agent has not read yet: until then it can be changed or taken back. */
export function Queued({ threadId, row }: { threadId: string; row: TextRow }) {
  const [editing, setEditing] = useState(false)
  const { edit, withdraw } = useQueued(threadId, row.key)
  if (editing) {
    return (
      <Editing
        onClose={() => setEditing(false)}
        onSave={text => edit.mutate(text, { onSettled: () => setEditing(false) })}
        pending={edit.isPending}
        text={row.text}
      />
    )
  }
  return (
    <div className="rounded-lg border border-line-strong border-dashed">
      <Said row={row} />
      <div className="flex flex-wrap items-center gap-1.5 px-2.5 pb-2">
        <span className="mr-auto flex items-center gap-1.5 text-muted text-xs">
          <Clock aria-hidden className="size-3.5" />
          Queued: the agent reads it at its next step
        </span>
        {row.revises.length === 0 && (
          <Button
            icon={<Pencil aria-hidden className="size-3.5" />}
            look="ghost"
            onClick={() => setEditing(true)}
            small
          >
            Edit
          </Button>
        )}
        <Button
          icon={<Undo2 aria-hidden className="size-3.5" />}
          look="ghost"
          onClick={() => withdraw.mutate()}
          pending={withdraw.isPending}
          small
        >
          Take back
        </Button>
      </div>
    </div>
  )
}

function Editing({
  text: before,
  pending,
  onSave,
  onClose,
}: {
  text: string
  pending: boolean
  onSave(text: string): void
  onClose(): void
}) {
  const [text, setText] = useState(before)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onClose()
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || text.trim() === '') return
    event.preventDefault()
    onSave(text.trim())
  }
  return (
    <form
      className="rounded-lg border border-accent bg-bg p-1"
      onSubmit={event => {
        event.preventDefault()
        onSave(text.trim())
      }}
    >
      <textarea
        aria-label="Change the message"
        // biome-ignore lint/a11y/noAutofocus: it opens on a click on Edit
        autoFocus
        className="field-sizing-content block max-h-64 w-full resize-none bg-transparent px-2 py-1 text-sm outline-none"
        maxLength={LIMITS.thread.messageChars}
        onChange={event => setText(event.target.value)}
        onKeyDown={onKeyDown}
        value={text}
      />
      <div className="flex justify-end gap-1.5">
        <Button look="ghost" onClick={onClose} small>
          Leave it
        </Button>
        <Button disabled={text.trim() === ''} look="primary" pending={pending} small type="submit">
          Save
        </Button>
      </div>
    </form>
  )
}
