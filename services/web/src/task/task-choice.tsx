import { X } from 'lucide-react'
import { useId, useState } from 'react'

export interface TaskOption {
  id: string
  label: string
  /** Its number, or that it is new. */
  note: string
}

/** Chooses any number of tasks: a search field over check boxes, the chosen ones above. */
export function TaskChoice({
  label,
  hint,
  options,
  chosen,
  onChange,
}: {
  label: string
  hint?: string
  options: TaskOption[]
  chosen: string[]
  onChange(chosen: string[]): void
}) {
  const id = useId()
  const [query, setQuery] = useState('')
  const found = options.filter(({ label, note }) =>
    `${note} ${label}`.toLowerCase().includes(query.trim().toLowerCase()),
  )
  const toggle = (one: string) =>
    onChange(chosen.includes(one) ? chosen.filter(other => other !== one) : [...chosen, one])
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1 font-medium text-xs">{label}</legend>
      {options.length === 0 ? (
        <p className="rounded-md border border-line border-dashed px-2.5 py-1.5 text-muted text-xs">
          No other task to depend on yet.
        </p>
      ) : (
        <div className="rounded-md border border-line-strong bg-bg">
          {chosen.length > 0 && (
            <ul className="flex flex-wrap gap-1 p-1.5 pb-0">
              {chosen.map(one => {
                const option = options.find(other => other.id === one)
                return (
                  option && (
                    <li
                      className="flex max-w-full items-center gap-1 rounded bg-accent/12 py-0.5 pr-0.5 pl-1.5 text-xs"
                      key={one}
                    >
                      <span className="truncate">
                        {option.note} {option.label}
                      </span>
                      <button
                        aria-label={`Remove ${option.label}`}
                        className="rounded p-0.5 hover:bg-accent/25"
                        onClick={() => toggle(one)}
                        type="button"
                      >
                        <X aria-hidden className="size-3" />
                      </button>
                    </li>
                  )
                )
              })}
            </ul>
          )}
          <input
            aria-label={`Search: ${label}`}
            className="h-8 w-full bg-transparent px-2.5 text-sm outline-none placeholder:text-muted"
            onChange={event => setQuery(event.target.value)}
            placeholder="Search tasks"
            type="search"
            value={query}
          />
          <div className="max-h-36 overflow-y-auto border-line border-t p-1">
            {found.length === 0 && <p className="px-1.5 py-1 text-muted text-xs">No task matches.</p>}
            {found.slice(0, 200).map(option => (
              <label
                className="flex items-center gap-2 rounded px-1.5 py-1 text-sm hover:bg-sunken"
                htmlFor={`${id}${option.id}`}
                key={option.id}
              >
                <input
                  checked={chosen.includes(option.id)}
                  className="accent-accent"
                  id={`${id}${option.id}`}
                  onChange={() => toggle(option.id)}
                  type="checkbox"
                />
                <span className="shrink-0 text-muted text-xs">{option.note}</span>
                <span className="min-w-0 truncate">{option.label}</span>
              </label>
            ))}
          </div>
        </div>
      )}
      {hint && <p className="mt-1 text-muted text-xs">{hint}</p>}
    </fieldset>
  )
}
