import { Hammer, ListTodo } from 'lucide-react'
import type { TurnMode } from '../../../../shared/contract/thread.ts'
import { ChoiceBar } from '../ui/choice-bar.tsx'

const modes = [
  {
    value: 'plan',
    icon: ListTodo,
    word: 'Plan',
    means: 'Only reads and proposes tasks; nothing is changed',
    tone: 'bg-state-violet/15 text-state-violet',
  },
  { value: 'build', icon: Hammer, word: 'Build', means: 'Works at once; its change goes to the main version' },
] as const

/** What the agent of a thread may do with the next message. */
export function ModeSwitch({ mode, onChange }: { mode: TurnMode; onChange(mode: TurnMode): void }) {
  return <ChoiceBar choices={modes} label="What the agent may do" onChange={onChange} value={mode} />
}
