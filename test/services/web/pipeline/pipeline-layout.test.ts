import { expect, test } from 'vitest'
import { layoutOf } from '../../../../services/web/src/pipeline/pipeline-layout.ts'
import { pipelineSummary, pipelineWord } from '../../../../services/web/src/pipeline/pipeline-words.ts'
import { TASK_STATES } from '../../../../shared/domain/task-state.ts'
import { task } from '../support.ts'

test('a picture has a box for each task where the API places it, and a line for each dependency', () => {
  const tasks = [task(1), task(2), task(3, { dependsOn: ['1', '2'], state: 'active' })]
  const node = (taskId: string, x: number, y: number) => ({
    taskId,
    name: '',
    state: 'queued' as const,
    layer: x,
    index: 0,
    x,
    y,
  })
  const { columns, rows, places, edges } = layoutOf({
    tasks,
    nodes: [node('1', 0, 0), node('2', 0, 1), node('3', 1, 0.5), node('gone', 2, 0)],
    edges: [
      { from: '1', to: '3' },
      { from: '2', to: '3' },
      { from: '3', to: 'gone' },
    ],
  })
  expect(places.map(({ task: { id }, x, y }) => [id, x, y])).toEqual([
    ['1', 0, 0],
    ['2', 0, 1],
    ['3', 1, 0.5],
  ])
  // Where a task stands is the pipeline's to say, what it does is known sooner.
  expect(places[2]!.task.state).toBe('active')
  expect([columns, rows]).toEqual([2, 2])
  expect(edges.map(({ from, to }) => `${from.task.id}→${to.task.id}`)).toEqual(['1→3', '2→3'])
})

test('a pipeline says how far it is, and at which task it stopped', () => {
  const at = (...states: (typeof TASK_STATES)[number][]) => states.map((state, n) => task(n + 1, { state }))
  expect(pipelineSummary({ state: 'running', tasks: at('done', 'active', 'queued') })).toBe('1 of 3 done, 1 running')
  expect(pipelineSummary({ state: 'done', tasks: at('done', 'done') })).toBe('All 2 done')
  expect(pipelineSummary({ state: 'failed', tasks: at('done', 'failed', 'skipped') })).toMatch(/Task 2 failed/)
  expect(pipelineSummary({ state: 'cancelled', tasks: at('done', 'cancelled') })).toMatch(/1 of 2/)
  expect(TASK_STATES.every(state => pipelineWord(state) !== '')).toBe(true)
})
