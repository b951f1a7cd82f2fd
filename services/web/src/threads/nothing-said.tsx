import { MessagesSquare } from 'lucide-react'
import { Empty } from '../ui/notice.tsx'
import { RunbookHint } from './runbook-hint.tsx'

/** A thread in which nothing was said: what to say. */
export function NothingSaid({ planning, runbook }: { planning: boolean; runbook: boolean }) {
  return (
    <Empty
      icon={<MessagesSquare aria-hidden className="size-8" />}
      title={planning ? 'What do you want to build?' : 'What should be done?'}
    >
      {planning
        ? 'The agent reads the project and proposes tasks, each with a plan and what done looks like. You review them; nothing runs before you accept.'
        : 'The agent works on the main version at once, and creates tasks where that helps. Choose Plan to see tasks first.'}
      {runbook && <RunbookHint />}
    </Empty>
  )
}
