import { useState } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'

/** Which of the drafts are ticked: all, until some are unticked; what is proposed later is ticked as well. */
export function useTicks(drafts: readonly Task[], first?: readonly string[]) {
  const [unticked, setUnticked] = useState<ReadonlySet<string>>(
    () => new Set(first ? drafts.filter(({ id }) => !first.includes(id)).map(({ id }) => id) : []),
  )
  const chosen = drafts.filter(({ id }) => !unticked.has(id))
  return {
    chosen,
    ids: new Set(chosen.map(({ id }) => id)),
    toggle: (id: string) =>
      setUnticked(before => new Set(before.has(id) ? [...before].filter(one => one !== id) : [...before, id])),
  }
}
