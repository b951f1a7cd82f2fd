import { type FormEvent, useState } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { budgetFrom } from './money-words.ts'
import { useTaskBudget } from './use-budget.ts'

/** The most that a task and its sub-agents may cost, as a field. */
export function BudgetEditor({ task }: { task: Task }) {
  const before = task.budgetUsd === null ? '' : String(task.budgetUsd)
  const [text, setText] = useState(before)
  const change = useTaskBudget(task.id)
  const budget = budgetFrom(text, LIMITS.money.budgetUsd)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (budget !== 'wrong') change.mutate(budget)
  }
  return (
    <form className="flex items-start gap-2" onSubmit={submit}>
      <TextField
        className="w-44"
        error={budget === 'wrong' ? 'Dollars above 0, or nothing.' : null}
        hint="With its sub-agents. Empty: no limit of its own. At the limit it waits and asks."
        inputMode="decimal"
        label="Budget in dollars"
        onChange={event => setText(event.target.value)}
        placeholder="none"
        value={text}
      />
      <Button
        className="mt-5"
        disabled={budget === 'wrong' || text.trim() === before}
        pending={change.isPending}
        type="submit"
      >
        Set
      </Button>
    </form>
  )
}
