import { type ComponentProps, type ReactNode, useId } from 'react'
import { cx } from './cx.ts'

const control =
  'w-full rounded-md border border-line-strong bg-bg px-2.5 text-sm text-fg placeholder:text-muted/70 aria-invalid:border-state-red'

interface FieldProps {
  label: string
  hint?: ReactNode
  error?: string | null
  className?: string
}

/** A label, what it stands for, and a hint or what is wrong with it. `render` gets the ids to wire up. */
export function Field({
  label,
  hint,
  error,
  className,
  render,
}: FieldProps & { render(ids: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true }): ReactNode }) {
  const id = useId()
  const note = error || hint
  return (
    <div className={className}>
      <label className="mb-1 block font-medium text-xs" htmlFor={id}>
        {label}
      </label>
      {render({
        id,
        ...(note ? { 'aria-describedby': `${id}-note` } : {}),
        ...(error ? { 'aria-invalid': true } : {}),
      })}
      {note && (
        <p className={cx('mt-1 text-xs', error ? 'text-state-red' : 'text-muted')} id={`${id}-note`}>
          {note}
        </p>
      )}
    </div>
  )
}

export function TextField({ label, hint, error, className, ...rest }: FieldProps & ComponentProps<'input'>) {
  return (
    <Field
      className={className}
      error={error}
      hint={hint}
      label={label}
      render={ids => <input className={cx(control, 'h-8')} {...ids} {...rest} />}
    />
  )
}

export function TextArea({
  label,
  hint,
  error,
  className,
  mono,
  ...rest
}: FieldProps & ComponentProps<'textarea'> & { mono?: boolean }) {
  return (
    <Field
      className={className}
      error={error}
      hint={hint}
      label={label}
      render={ids => (
        <textarea
          className={cx(control, 'field-sizing-content py-1.5', mono && 'font-mono text-xs')}
          {...ids}
          {...rest}
        />
      )}
    />
  )
}
