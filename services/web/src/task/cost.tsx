import type { Task } from '../../../../shared/contract/task.ts'
import { moneyWords } from './money-words.ts'

/** What a task and its sub-agents have cost, and of how much; nothing where it cost nothing and has no budget. */
export function Cost({ task }: { task: Pick<Task, 'usageTotal' | 'budgetUsd'> }) {
  const words = moneyWords(task)
  if (!words) return null
  return (
    <span className="text-muted text-xs tabular-nums" title="Cost with its sub-agents">
      {words}
    </span>
  )
}
