import type { Thread } from '../../../../shared/contract/thread.ts'
import { Composer } from '../thread/composer.tsx'
import { ThreadView } from '../thread/thread-view.tsx'
import { ModeSwitch, useMode } from './mode-switch.tsx'
import { NothingSaid } from './nothing-said.tsx'
import { isBusy, runOfThread } from './thread-status.ts'

/** The main thread, or one that was opened beside it: planning, and building without a task. */
export function ProjectThread({ thread }: { thread: Thread }) {
  const run = runOfThread(thread)
  const [mode, setMode] = useMode(thread.id)
  const planning = mode === 'plan'
  const hint = run.asks
    ? 'The agent goes on with your answer.'
    : isBusy(run.state)
      ? 'Is read at its next step.'
      : planning
        ? 'The agent only reads and proposes tasks. Nothing is changed.'
        : 'The agent works at once; its change goes to the main version.'
  return (
    <ThreadView
      composer={send => (
        <Composer
          hint={hint}
          onSend={text => send({ text, mode })}
          placeholder={run.asks ? 'Your answer' : planning ? 'What should be planned?' : 'What should be done?'}
          planning={planning}
          threadId={thread.id}
          tools={<ModeSwitch mode={mode} onChange={setMode} />}
        />
      )}
      nothingYet={<NothingSaid planning={planning} />}
      prompt={null}
      run={run}
    />
  )
}
