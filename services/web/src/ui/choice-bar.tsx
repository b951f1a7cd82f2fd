import type { LucideIcon } from 'lucide-react'
import { RadioGroup } from 'radix-ui'
import { cx } from './cx.ts'

interface Choice<T extends string> {
  value: T
  icon: LucideIcon
  word: string
  /** Said on hovering. */
  means?: string
  /** Classes while it is chosen. */
  tone?: string
}

/** A few choices side by side, of which one holds; arrow keys go from one to the next. */
export function ChoiceBar<T extends string>({
  label,
  choices,
  value,
  onChange,
}: {
  label: string
  choices: readonly Choice<T>[]
  value: T
  onChange(value: T): void
}) {
  return (
    <RadioGroup.Root
      aria-label={label}
      className="flex shrink-0 rounded-md border border-line-strong p-px"
      onValueChange={next => onChange(next as T)}
      orientation="horizontal"
      value={value}
    >
      {choices.map(({ value: own, icon: Icon, word, means, tone }) => (
        <RadioGroup.Item
          aria-label={word}
          className={cx(
            'flex h-6 items-center gap-1 rounded px-2 text-muted text-xs transition-colors hover:text-fg',
            own === value && `font-semibold ${tone ?? 'bg-sunken text-fg'}`,
          )}
          key={own}
          title={means}
          value={own}
        >
          <Icon aria-hidden className="size-3.5" />
          {word}
        </RadioGroup.Item>
      ))}
    </RadioGroup.Root>
  )
}
