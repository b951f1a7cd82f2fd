import { useQuery } from '@tanstack/react-query'
import { CircleStop } from 'lucide-react'
import type { Task } from '../../../../shared/contract/task.ts'
import type { Thread, TurnMode } from '../../../../shared/contract/thread.ts'
import { useDeps } from '../app/deps.tsx'
import { ThreadPipelines } from '../pipeline/thread-pipelines.tsx'
import { isRunbook } from '../projects/runbook.ts'
import { Proposals } from '../proposals/proposals.tsx'
import { Composer } from '../thread/composer.tsx'
import { isBusy, type ThreadRun } from '../thread/thread-run.ts'
import { ThreadView } from '../thread/thread-view.tsx'
import { Button } from '../ui/button.tsx'
import { useMode } from './mode.ts'
import { ModeSwitch } from './mode-switch.tsx'
import { NothingSaid } from './nothing-said.tsx'
import { ThreadPrompt } from './thread-prompt.tsx'
import { runOfThread } from './thread-status.ts'
import { useStop } from './use-stop.ts'

/** The main thread, or one that was opened beside it: planning, and building without a task. */
export function ProjectThread({ thread, tasks }: { thread: Thread; tasks: Task[] }) {
  const { queries } = useDeps()
  const run = runOfThread(thread)
  const project = useQuery(queries.project(thread.projectId))
  const [mode, setMode] = useMode(thread.id)
  const stop = useStop(thread)
  return (
    <ThreadView
      composer={send => (
        <Composer
          {...composerWords(run, mode)}
          actions={
            isBusy(run.state) && (
              <Button
                icon={<CircleStop aria-hidden className="size-3.5" />}
                onClick={() => stop.mutate()}
                pending={stop.isPending}
                small
              >
                Stop
              </Button>
            )
          }
          onSend={text => send(run.asks ? { text } : { text, mode })}
          planning={mode === 'plan' && !run.asks}
          threadId={thread.id}
          // An answer is taken in the mode of what asked for it.
          tools={!run.asks && <ModeSwitch mode={mode} onChange={setMode} />}
        />
      )}
      nothingYet={<NothingSaid planning={mode === 'plan'} runbook={isRunbook(project.data)} />}
      prompt={
        <>
          <section aria-label="Pipelines" className="space-y-3 py-2 empty:hidden">
            <ThreadPipelines past threadId={thread.id} waits={thread.blocked?.reason === 'pipeline'} />
          </section>
          <ThreadPrompt tasks={tasks} thread={thread} />
          <Proposals busy={isBusy(run.state)} projectId={thread.projectId} tasks={tasks} threadId={thread.id} />
        </>
      }
      run={run}
    />
  )
}

function composerWords({ asks, state }: ThreadRun, mode: TurnMode): { hint: string; placeholder: string } {
  if (asks) return { hint: 'The agent goes on with your answer.', placeholder: 'Your answer' }
  const does =
    mode === 'plan'
      ? 'Only reads and proposes tasks; nothing is changed.'
      : 'Works at once; its change goes to the main version.'
  return {
    hint: isBusy(state) ? 'Is read at its next step, or after it in another mode.' : does,
    placeholder: mode === 'plan' ? 'What should be planned?' : 'What should be done?',
  }
}
