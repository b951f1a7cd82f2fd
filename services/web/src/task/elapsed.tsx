import { useState } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import { useNow } from '../app/clock.tsx'
import { elapsedWords } from '../ui/time-words.ts'

/** How long a task has been worked on: ticking while it is, else the time that it took; nothing before it starts. */
export function Elapsed({ task }: { task: Task }) {
  if (task.state === 'active') return <Ticking key={task.activeMs} ms={task.activeMs} />
  if (task.activeMs === 0) return null
  return <Time ms={task.activeMs} title="Time that its agent worked" />
}

/** Goes on from what the API said, by this computer's clock alone: theirs may differ. */
function Ticking({ ms }: { ms: number }) {
  const [since] = useState(() => Date.now() - ms)
  return <Time ms={useNow() - since} title="Running for" />
}

function Time({ ms, title }: { ms: number; title: string }) {
  return (
    <span className="text-muted text-xs tabular-nums" title={title}>
      {elapsedWords(ms)}
    </span>
  )
}
