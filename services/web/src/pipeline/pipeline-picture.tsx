import { Link } from '@tanstack/react-router'
import type { Pipeline, Task } from '../../../../shared/contract/task.ts'
import type { TaskState } from '../../../../shared/domain/task-state.ts'
import { Elapsed } from '../task/elapsed.tsx'
import { STATE_LOOK } from '../task/state-look.ts'
import { cx } from '../ui/cx.ts'
import { layoutOf, type Place } from './pipeline-layout.ts'
import { pipelineWord } from './pipeline-words.ts'

const NODE = { width: 172, height: 58 }
const GAP = { x: 40, y: 14 }

const leftOf = ({ x }: Place) => x * (NODE.width + GAP.x)
const topOf = ({ y }: Place) => y * (NODE.height + GAP.y)

/** The tasks of a pipeline as boxes from left to right, with lines from each to those that wait for it. A box leads to its thread. */
export function PipelinePicture({ pipeline }: { pipeline: Pipeline }) {
  const { columns, rows, places, edges } = layoutOf(pipeline)
  const width = columns * (NODE.width + GAP.x) - GAP.x
  const height = rows * (NODE.height + GAP.y) - GAP.y
  return (
    <div className="overflow-x-auto pb-1">
      <div className="relative" style={{ width, height }}>
        <svg aria-hidden className="absolute inset-0" height={height} width={width}>
          <title>Lines from each task to those that wait for it</title>
          {edges.map(({ from, to }) => (
            <path
              className={cx(
                'fill-none stroke-[1.5]',
                from.task.state === 'done' ? 'stroke-state-green' : 'stroke-line-strong [stroke-dasharray:4_3]',
              )}
              d={curve(from, to)}
              key={`${from.task.id} ${to.task.id}`}
            />
          ))}
        </svg>
        <ul aria-label="Tasks of the pipeline">
          {places.map(place => (
            <li
              className="absolute"
              key={place.task.id}
              style={{ left: leftOf(place), top: topOf(place), width: NODE.width, height: NODE.height }}
            >
              <Node after={namesOf(place.task, pipeline.tasks)} task={place.task} />
            </li>
          ))}
        </ul>
      </div>
    </div>
  )
}

const edge: Partial<Record<TaskState, string>> = {
  active: 'border-state-blue',
  done: 'border-state-green/60',
  failed: 'border-state-red',
  waiting: 'border-state-amber',
}

function Node({ task, after }: { task: Task; after: string }) {
  const { icon: Icon, tone, spins } = STATE_LOOK[task.state]
  return (
    <Link
      aria-label={`${task.title}: ${pipelineWord(task.state)}${after && `, after ${after}`}`}
      className={cx(
        'flex h-full flex-col justify-center gap-0.5 rounded-lg border bg-raised px-2.5 shadow-xs hover:bg-sunken',
        edge[task.state] ?? 'border-line-strong',
        (task.state === 'skipped' || task.state === 'cancelled') && 'border-dashed',
      )}
      data-state={task.state}
      params={{ taskId: task.id }}
      title={task.title}
      to="/t/$taskId"
    >
      <span className="truncate font-medium">{task.title}</span>
      <span className={cx('flex items-center gap-1.5 text-xs', tone)}>
        <Icon aria-hidden className={cx('size-3.5 shrink-0', spins && 'animate-spin [animation-duration:2s]')} />
        {pipelineWord(task.state)}
        <span className="ml-auto">
          <Elapsed task={task} />
        </span>
      </span>
    </Link>
  )
}

function curve(from: Place, to: Place): string {
  const [x1, y1] = [leftOf(from) + NODE.width, topOf(from) + NODE.height / 2]
  const [x2, y2] = [leftOf(to), topOf(to) + NODE.height / 2]
  const bend = Math.max(GAP.x / 2, (x2 - x1) / 2)
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
}

const namesOf = (task: Task, tasks: readonly Task[]): string =>
  task.dependsOn.flatMap(id => tasks.find(one => one.id === id)?.title ?? []).join(', ')
