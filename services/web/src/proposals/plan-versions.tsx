import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import type { PlanVersion, Task } from '../../../../shared/contract/task.ts'
import { useDeps } from '../app/deps.tsx'
import { PlanView } from '../task/plan-view.tsx'
import { nameOf } from '../task/task-words.ts'
import { cx } from '../ui/cx.ts'
import { Failed } from '../ui/failed.tsx'
import { Loading } from '../ui/notice.tsx'
import { timeWords } from '../ui/time-words.ts'
import { nearChanges } from './line-diff.ts'
import { type PartChange, planChanges } from './plan-changes.ts'

const whoWords = { user: 'you', agent: 'the agent' } as const

/** The versions of a plan: one to read, or what changed from another one to it. */
export function PlanVersions({ task }: { task: Task }) {
  const { queries } = useDeps()
  const plans = useQuery(queries.plans(task.id))
  const board = useQuery(queries.tasks(task.projectId))
  const [shown, setShown] = useState<number | null>(null)
  const [against, setAgainst] = useState<number | null>(null)
  if (plans.isPending) return <Loading label="The versions are being read" />
  if (!plans.data) return <Failed error={plans.error} retry={() => void plans.refetch()} what="The versions" />
  const now = plans.data.at(-1)
  const plan = plans.data.find(({ version }) => version === shown) ?? now
  if (!plan || !now) return <PlanView task={task} />
  const other = plans.data.find(({ version }) => version === against && version !== plan.version)
  const named = (id: string) => {
    const found = board.data?.find(one => one.id === id)
    return found ? nameOf(found) : id
  }
  return (
    <div className="space-y-4">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-lg bg-sunken px-3 py-2 text-xs">
        <Choice label="Version" onChange={setShown} plans={plans.data} value={plan.version} />
        <Choice
          label="Compared with"
          none="nothing"
          onChange={setAgainst}
          plans={plans.data.filter(({ version }) => version !== plan.version)}
          value={other?.version ?? 0}
        />
        {plan.replacedAt && plan.replacedBy && (
          <span className="text-muted">
            Replaced by {whoWords[plan.replacedBy]}, {timeWords(plan.replacedAt)}
          </span>
        )}
      </div>
      {other ? <Changes changes={planChanges(other, plan, named)} /> : <PlanView task={plan} />}
    </div>
  )
}

function Choice({
  label,
  plans,
  value,
  onChange,
  none,
}: {
  label: string
  plans: PlanVersion[]
  value: number
  onChange(version: number): void
  none?: string
}) {
  const id = useId()
  return (
    <span className="flex items-center gap-1.5">
      <label className="font-medium" htmlFor={id}>
        {label}
      </label>
      <select
        className="h-7 rounded-md border border-line-strong bg-bg px-1.5"
        id={id}
        onChange={event => onChange(Number(event.target.value))}
        value={value}
      >
        {none && <option value={0}>{none}</option>}
        {plans.toReversed().map(({ version, current }) => (
          <option key={version} value={version}>
            {version}
            {current ? ' (now)' : ''}
          </option>
        ))}
      </select>
    </span>
  )
}

function Changes({ changes }: { changes: PartChange[] }) {
  if (changes.length === 0) return <p className="text-muted">Both versions are the same.</p>
  return changes.map(({ part, lines }) => (
    <section key={part}>
      <h3 className="mb-1 font-semibold text-2xs text-muted uppercase tracking-wide">{part}</h3>
      <div className="overflow-x-auto rounded-md border border-line font-mono text-xs">
        {nearChanges(lines).map((line, place) => (
          <p
            className={cx(
              'min-h-5 whitespace-pre-wrap break-words px-2 py-px',
              'sign' in line && line.sign === '+' && 'bg-add',
              'sign' in line && line.sign === '-' && 'bg-del',
              'left' in line && 'text-muted italic',
            )}
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place
            key={place}
          >
            {'left' in line ? `${line.left} unchanged` : `${line.sign} ${line.text}`}
          </p>
        ))}
      </div>
    </section>
  ))
}
