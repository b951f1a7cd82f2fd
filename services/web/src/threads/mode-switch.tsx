import { Hammer, ListTodo } from 'lucide-react'
import { RadioGroup } from 'radix-ui'
import { useState } from 'react'
import { cx } from '../ui/cx.ts'

export type Mode = 'plan' | 'build'

const modes = [
  { mode: 'plan', icon: ListTodo, word: 'Plan', means: 'Only reads and proposes tasks; nothing is changed' },
  { mode: 'build', icon: Hammer, word: 'Build', means: 'Works at once; its change goes to the main version' },
] as const

/** What the agent of a thread may do with the next message. */
export function ModeSwitch({ mode, onChange }: { mode: Mode; onChange(mode: Mode): void }) {
  return (
    <RadioGroup.Root
      aria-label="What the agent may do"
      className="flex shrink-0 rounded-md border border-line-strong p-px"
      onValueChange={value => onChange(value as Mode)}
      orientation="horizontal"
      value={mode}
    >
      {modes.map(({ mode: value, icon: Icon, word, means }) => (
        <RadioGroup.Item
          aria-label={word}
          className={cx(
            'flex h-6 items-center gap-1 rounded px-2 text-muted text-xs transition-colors hover:text-fg data-[state=checked]:font-semibold',
            value === 'plan'
              ? 'data-[state=checked]:bg-state-violet/15 data-[state=checked]:text-state-violet'
              : 'data-[state=checked]:bg-sunken data-[state=checked]:text-fg',
          )}
          key={value}
          title={means}
          value={value}
        >
          <Icon aria-hidden className="size-3.5" />
          {word}
        </RadioGroup.Item>
      ))}
    </RadioGroup.Root>
  )
}

const modeKey = (threadId: string) => `slipway.mode.${threadId}`

/** The mode of a thread's next message, remembered in this browser; `build`, as the API has it, where none was chosen. */
export function useMode(threadId: string): [Mode, (mode: Mode) => void] {
  const [mode, setMode] = useState<Mode>(() => (localStorage.getItem(modeKey(threadId)) === 'plan' ? 'plan' : 'build'))
  const choose = (next: Mode) => {
    rememberMode(threadId, next)
    setMode(next)
  }
  return [mode, choose]
}

export const rememberMode = (threadId: string, mode: Mode): void => localStorage.setItem(modeKey(threadId), mode)
