import { Send } from 'lucide-react'
import { type KeyboardEvent, useId } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { useStoredState } from '../app/stored-state.ts'
import { takesMessages } from '../task/moves.ts'
import { Button, Kbd } from '../ui/button.tsx'

/** What a message does in each situation, and what to write. */
function wordsFor({ state, blocked }: Task): { hint: string; placeholder: string } {
  if (blocked?.reason === 'answer') return { hint: 'The agent goes on with your answer.', placeholder: 'Your answer' }
  if (state === 'active') return { hint: 'Is read at its next step.', placeholder: 'Tell the agent something' }
  if (state === 'ready' || state === 'failed' || state === 'cancelled') {
    return { hint: 'Starts it again with this feedback.', placeholder: 'What should be different?' }
  }
  return { hint: 'Is read when the agent starts.', placeholder: 'Something the agent should know' }
}

/** A field for a message to the task's agent. What is typed survives a reload. */
export function Composer({ task, onSend }: { task: Task; onSend(text: string): void }) {
  const id = useId()
  const [text, setText] = useStoredState(`slipway.message.${task.threadId}`, '')
  if (!takesMessages(task.state)) {
    const over = task.state === 'applying' ? 'It is being applied' : 'This task is over'
    return (
      <p className="border-line border-t px-3 py-3 text-center text-muted text-xs">
        {over}: nobody would read a message. Create a new task for what is left to do.
      </p>
    )
  }
  const { hint, placeholder } = wordsFor(task)
  const send = () => {
    if (text.trim() === '') return
    onSend(text.trim())
    setText('')
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    send()
  }
  return (
    <form
      className="border-line border-t bg-panel p-2.5"
      onSubmit={event => {
        event.preventDefault()
        send()
      }}
    >
      <div className="mx-auto max-w-3xl rounded-lg border border-line-strong bg-bg focus-within:border-accent">
        <textarea
          aria-describedby={id}
          aria-label="Message"
          className="field-sizing-content block max-h-48 min-h-11 w-full resize-none bg-transparent px-3 pt-2 text-sm outline-none placeholder:text-muted"
          maxLength={LIMITS.thread.messageChars}
          onChange={event => setText(event.target.value)}
          onKeyDown={onKeyDown}
          placeholder={placeholder}
          rows={1}
          value={text}
        />
        <div className="flex items-center gap-2 px-2 pb-1.5">
          <span className="min-w-0 flex-1 text-muted text-xs" id={id}>
            {hint}
          </span>
          <span className="flex gap-0.5 text-muted max-sm:hidden">
            <Kbd>Ctrl</Kbd>
            <Kbd>↵</Kbd>
          </span>
          <Button
            disabled={text.trim() === ''}
            icon={<Send aria-hidden className="size-3.5" />}
            look="primary"
            small
            type="submit"
          >
            Send
          </Button>
        </div>
      </div>
    </form>
  )
}
