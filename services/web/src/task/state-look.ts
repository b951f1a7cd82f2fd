import {
  Archive,
  Ban,
  CircleCheck,
  CircleDashed,
  CirclePause,
  CircleX,
  Clock,
  GitMerge,
  LoaderCircle,
  type LucideIcon,
  Rocket,
  SkipForward,
} from 'lucide-react'
import type { TaskState } from '../../../../shared/domain/task-state.ts'

/** How a state looks: an icon of its own, a word, a colour and what it means. Never the colour alone. */
export const STATE_LOOK: Record<
  TaskState,
  { icon: LucideIcon; word: string; tone: string; spins?: true; means: string }
> = {
  draft: { icon: CircleDashed, word: 'Draft', tone: 'text-state-grey', means: 'Has a plan and waits for your review' },
  queued: { icon: Clock, word: 'Queued', tone: 'text-state-grey', means: 'Accepted, waits until it can start' },
  active: {
    icon: LoaderCircle,
    word: 'Active',
    tone: 'text-state-blue',
    spins: true,
    means: 'An agent is building it',
  },
  waiting: { icon: CirclePause, word: 'Waiting', tone: 'text-state-amber', means: 'Paused in the middle' },
  ready: { icon: CircleCheck, word: 'Ready', tone: 'text-state-green', means: 'Complete; main is not changed yet' },
  applying: { icon: Rocket, word: 'Applying', tone: 'text-state-violet', means: 'On its way into the main version' },
  done: { icon: GitMerge, word: 'Done', tone: 'text-state-teal', means: 'Part of the main version' },
  failed: { icon: CircleX, word: 'Failed', tone: 'text-state-red', means: 'Stopped; the reason stands with it' },
  cancelled: { icon: Ban, word: 'Cancelled', tone: 'text-state-grey', means: 'Stopped by you' },
  skipped: {
    icon: SkipForward,
    word: 'Skipped',
    tone: 'text-state-grey',
    means: 'Never started: its pipeline stopped',
  },
  dismissed: { icon: Archive, word: 'Dismissed', tone: 'text-state-grey', means: 'Discarded' },
}
