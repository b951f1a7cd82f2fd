import { Hammer, ListTodo } from 'lucide-react'
import { RadioGroup } from 'radix-ui'
import type { TurnMode } from '../../../../shared/contract/thread.ts'
import { cx } from '../ui/cx.ts'

const modes = [
  { mode: 'plan', icon: ListTodo, word: 'Plan', means: 'Only reads and proposes tasks; nothing is changed' },
  { mode: 'build', icon: Hammer, word: 'Build', means: 'Works at once; its change goes to the main version' },
] as const

/** What the agent of a thread may do with the next message. */
export function ModeSwitch({ mode, onChange }: { mode: TurnMode; onChange(mode: TurnMode): void }) {
  return (
    <RadioGroup.Root
      aria-label="What the agent may do"
      className="flex shrink-0 rounded-md border border-line-strong p-px"
      onValueChange={value => onChange(value as TurnMode)}
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
