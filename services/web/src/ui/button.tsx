import { LoaderCircle } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { cx } from './cx.ts'

const looks = {
  primary: 'border-transparent bg-accent text-on-accent hover:bg-accent-strong',
  secondary: 'border-line-strong bg-raised text-fg hover:bg-sunken',
  ghost: 'border-transparent bg-transparent text-muted hover:bg-sunken hover:text-fg',
  danger: 'border-line-strong bg-raised text-state-red hover:border-state-red hover:bg-del',
} as const

type ButtonProps = ComponentProps<'button'> & {
  look?: keyof typeof looks
  small?: boolean
  /** Something is under way: shown at once, and the button takes no second click. */
  pending?: boolean
  icon?: ReactNode
}

/** A button with text. Say with `pending` that its action is under way. */
export function Button({
  look = 'secondary',
  small,
  pending,
  icon,
  className,
  children,
  disabled,
  ...rest
}: ButtonProps) {
  return (
    <button
      aria-busy={pending || undefined}
      className={cx(
        'inline-flex shrink-0 items-center justify-center gap-1.5 whitespace-nowrap rounded-md border font-medium transition-colors',
        small ? 'h-7 px-2 text-xs' : 'h-8 px-3 text-sm',
        looks[look],
        'disabled:cursor-not-allowed disabled:opacity-55',
        className,
      )}
      disabled={disabled || pending}
      type="button"
      {...rest}
    >
      {pending ? <LoaderCircle aria-hidden className="size-3.5 animate-spin" /> : icon}
      {children}
    </button>
  )
}

/** A button that is only an icon; `label` is its name. */
export function IconButton({ label, className, ...rest }: ComponentProps<'button'> & { label: string }) {
  return (
    <button
      aria-label={label}
      className={cx(
        'inline-flex size-7 shrink-0 items-center justify-center rounded-md text-muted transition-colors hover:bg-sunken hover:text-fg aria-expanded:bg-sunken aria-expanded:text-fg',
        className,
      )}
      title={label}
      type="button"
      {...rest}
    />
  )
}

/** A key as it stands on the keyboard. */
export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-flex h-4.5 min-w-4.5 items-center justify-center rounded border border-current/25 px-1 font-sans text-2xs opacity-80">
      {children}
    </kbd>
  )
}
