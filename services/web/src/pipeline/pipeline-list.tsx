import { Link } from '@tanstack/react-router'
import type { Pipeline } from '../../../../shared/contract/task.ts'
import { Elapsed } from '../task/elapsed.tsx'
import { STATE_LOOK } from '../task/state-look.ts'
import { cx } from '../ui/cx.ts'
import { layoutOf } from './pipeline-layout.ts'
import { pipelineWord } from './pipeline-words.ts'

/** The tasks of a pipeline in order, with what each waits for, and why it did not end well. */
export function PipelineList({ pipeline }: { pipeline: Pipeline }) {
  const names = new Map(pipeline.tasks.map(({ id, title }) => [id, title]))
  return (
    <ol aria-label="Tasks of the pipeline" className="divide-y divide-line rounded-lg border border-line">
      {layoutOf(pipeline).places.map(({ task }) => {
        const { icon: Icon, tone, spins } = STATE_LOOK[task.state]
        const after = task.dependsOn.flatMap(id => names.get(id) ?? [])
        return (
          <li className="px-3 py-2" data-state={task.state} key={task.id}>
            <div className="flex items-center gap-2">
              <Icon aria-hidden className={cx('size-4 shrink-0', tone, spins && 'animate-spin')} />
              <Link
                className="min-w-0 truncate font-medium hover:underline"
                params={{ taskId: task.id }}
                to="/t/$taskId"
              >
                {task.title}
              </Link>
              <span className={cx('ml-auto shrink-0 text-xs', tone)}>{pipelineWord(task.state)}</span>
              <Elapsed task={task} />
            </div>
            {after.length > 0 && <p className="pl-6 text-muted text-xs">After {after.join(', ')}</p>}
            {task.failure && (
              <p className={cx('pl-6 text-xs', task.state === 'failed' ? 'text-state-red' : 'text-muted')}>
                {task.failure.message}
              </p>
            )}
          </li>
        )
      })}
    </ol>
  )
}
