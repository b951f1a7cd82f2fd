import { Send } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useId } from 'react'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { useStoredState } from '../app/stored-state.ts'
import { Button, Kbd } from '../ui/button.tsx'
import { cx } from '../ui/cx.ts'

/** A field for a message to a thread's agent. What is typed survives a reload. */
export function Composer({
  threadId,
  hint,
  placeholder,
  onSend,
  tools,
  actions,
  planning,
}: {
  threadId: string
  /** What the message does in this situation. */
  hint: string
  placeholder: string
  onSend(text: string): void
  /** Before the hint. */
  tools?: ReactNode
  /** Before the button that sends. */
  actions?: ReactNode
  /** Drawn apart: the agent will change nothing. */
  planning?: boolean
}) {
  const id = useId()
  const [text, setText] = useStoredState(`slipway.message.${threadId}`, '')
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
      <div
        className={cx(
          'mx-auto max-w-3xl rounded-lg border bg-bg',
          planning
            ? 'border-state-violet border-dashed focus-within:border-solid'
            : 'border-line-strong focus-within:border-accent',
        )}
      >
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
        <div className="flex flex-wrap items-center gap-2 px-2 pb-1.5">
          {tools}
          <span className="min-w-40 flex-1 text-muted text-xs" id={id}>
            {hint}
          </span>
          <span className="flex gap-0.5 text-muted max-sm:hidden">
            <Kbd>Ctrl</Kbd>
            <Kbd>↵</Kbd>
          </span>
          {actions}
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
