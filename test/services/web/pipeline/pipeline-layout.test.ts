import fc from 'fast-check'
import { expect, test } from 'vitest'
import { layoutOf } from '../../../../services/web/src/pipeline/pipeline-layout.ts'
import { pipelineSummary, pipelineWord } from '../../../../services/web/src/pipeline/pipeline-words.ts'
import { TASK_STATES } from '../../../../shared/domain/task-state.ts'
import { task } from '../support.ts'

test('a diamond stands in columns from left to right, with a line for each dependency', () => {
  const { columns, rows, places, edges } = layoutOf([
    task(1),
    task(2),
    task(3, { dependsOn: ['1', '2', 'gone'] }),
    task(4, { dependsOn: ['3'] }),
  ])
  expect(places.map(({ task: { id }, x, y }) => [id, x, y])).toEqual([
    ['1', 0, 0],
    ['2', 0, 1],
    ['3', 1, 0.5],
    ['4', 2, 0.5],
  ])
  expect([columns, rows]).toEqual([3, 2])
  expect(edges.map(({ from, to }) => `${from.task.id}→${to.task.id}`)).toEqual(['1→3', '2→3', '3→4'])
})

test('in any pipeline every edge goes to the right, and no two boxes share a place', () => {
  const dag = fc
    .integer({ min: 2, max: 8 })
    .chain(size =>
      fc.tuple(
        ...Array.from({ length: size }, (_, n) =>
          fc
            .uniqueArray(fc.integer({ min: 1, max: Math.max(1, n) }), { maxLength: n })
            .map(before => task(n + 1, { dependsOn: n === 0 ? [] : before.map(String) })),
        ),
      ),
    )
  fc.assert(
    fc.property(dag, tasks => {
      const { places, edges, columns, rows } = layoutOf(tasks)
      expect(edges.every(({ from, to }) => from.x < to.x)).toBe(true)
      expect(edges).toHaveLength(tasks.flatMap(one => one.dependsOn).length)
      expect(new Set(places.map(({ x, y }) => `${x} ${y}`)).size).toBe(tasks.length)
      expect(places.every(({ x, y }) => x < columns && y < rows)).toBe(true)
    }),
  )
})

test('a pipeline says how far it is, and at which task it stopped', () => {
  const at = (...states: (typeof TASK_STATES)[number][]) => states.map((state, n) => task(n + 1, { state }))
  expect(pipelineSummary({ state: 'running', tasks: at('done', 'active', 'queued') })).toBe('1 of 3 done, 1 running')
  expect(pipelineSummary({ state: 'done', tasks: at('done', 'done') })).toBe('All 2 done')
  expect(pipelineSummary({ state: 'failed', tasks: at('done', 'failed', 'skipped') })).toMatch(/Task 2 failed/)
  expect(pipelineSummary({ state: 'cancelled', tasks: at('done', 'cancelled') })).toMatch(/1 of 2/)
  expect(TASK_STATES.every(state => pipelineWord(state) !== '')).toBe(true)
})
