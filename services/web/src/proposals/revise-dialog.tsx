import { type FormEvent, type KeyboardEvent, useState } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { problemWords } from '../api/problem-words.ts'
import { Button, Kbd } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { TextArea } from '../ui/field.tsx'
import { FormError } from '../ui/notice.tsx'
import { count } from '../ui/time-words.ts'
import { DraftRows } from './draft-rows.tsx'
import { revision, useRevise } from './use-revise.ts'
import { useTicks } from './use-ticks.ts'

/** Says what the agent should change in drafts before they start. */
export function ReviseDialog({
  projectId,
  drafts,
  first,
  onClose,
}: {
  projectId: string
  drafts: Task[]
  /** Ids of those that are ticked to begin with. */
  first: string[]
  onClose(): void
}) {
  const [instruction, setInstruction] = useState('')
  const { chosen, ids, toggle } = useTicks(drafts, first)
  const revise = useRevise(projectId, onClose)
  const ready = instruction.trim() !== '' && chosen.length > 0
  const submit = (event: FormEvent | KeyboardEvent) => {
    event.preventDefault()
    if (ready) revise.mutate(revision(instruction.trim(), [...ids]))
  }
  return (
    <Dialog
      description="The agent changes the plan. Drafts that stay keep their numbers, and every version is kept."
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button disabled={!ready} form="revise-plan" look="primary" pending={revise.isPending} type="submit">
            Revise {chosen.length === drafts.length ? 'plan' : count(chosen.length, 'draft')}
            <span className="flex gap-0.5 max-sm:hidden">
              <Kbd>Ctrl</Kbd>
              <Kbd>↵</Kbd>
            </span>
          </Button>
        </>
      }
      onOpenChange={open => open || onClose()}
      open
      title="Revise plan"
    >
      <form
        className="space-y-4"
        id="revise-plan"
        onKeyDown={event => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event)
        }}
        onSubmit={submit}
      >
        <TextArea
          autoFocus
          className="[&_textarea]:min-h-20"
          label="What should be different?"
          maxLength={LIMITS.thread.messageChars}
          onChange={event => setInstruction(event.target.value)}
          placeholder="Split the second one; leave the database as it is"
          value={instruction}
        />
        <div>
          <h3 className="mb-1 font-medium text-xs">Which drafts?</h3>
          <DraftRows chosen={ids} drafts={drafts} label="Drafts to revise" onToggle={toggle} />
        </div>
        {revise.error && <FormError title="The agent was not asked">{problemWords(revise.error)}</FormError>}
      </form>
    </Dialog>
  )
}
