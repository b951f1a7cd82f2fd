import { useId } from 'react'
import { TextField } from '../ui/field.tsx'

/** A model as `provider:model`, with those that have a key to choose from. Empty: the installation's standard. */
export function ModelField({
  value,
  onChange,
  models,
  standard,
}: {
  value: string
  onChange(value: string): void
  models: string[]
  standard: string | undefined
}) {
  const list = useId()
  return (
    <>
      <TextField
        hint="runbook needs no key: it runs the commands that a task's plan gives it."
        label="Model (optional)"
        list={list}
        onChange={event => onChange(event.target.value)}
        placeholder={standard ?? 'provider:model'}
        value={value}
      />
      <datalist id={list}>
        {models.map(model => (
          <option key={model} value={model} />
        ))}
      </datalist>
    </>
  )
}
