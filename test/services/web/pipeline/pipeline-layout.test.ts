import fc from 'fast-check'
import { expect, test } from 'vitest'
import { layoutOf } from '../../../../services/web/src/pipeline/pipeline-layout.ts'
import { pipelineSummary, pipelineWord } from '../../../../services/web/src/pipeline/pipeline-words.ts'
import { TASK_STATES } from '../../../../shared/domain/task-state.ts'
import { task } from '../support.ts'

const places = (tasks: Parameters<typeof layoutOf>[0]) =>
  Object.fromEntries(layoutOf(tasks).places.map(({ task: { id }, layer, row }) => [id, [layer, row]]))

test('a chain stands in one row, a fan in one column behind its root, a diamond ends in one box', () => {
  expect(places([task(1), task(2, { dependsOn: ['1'] }), task(3, { dependsOn: ['2'] })])).toEqual({
    1: [0, 0],
    2: [1, 0],
    3: [2, 0],
  })
  const diamond = [task(1), task(2), task(3, { dependsOn: ['1', '2'] }), task(4, { dependsOn: ['1'] })]
  expect(places(diamond)).toEqual({ 1: [0, 0], 2: [0, 1], 4: [1, 0], 3: [1, 1] })
  expect(layoutOf(diamond)).toMatchObject({ layers: 2, rows: 2 })
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
      const { places, edges, layers, rows } = layoutOf(tasks)
      expect(edges.every(({ from, to }) => from.layer < to.layer)).toBe(true)
      expect(edges).toHaveLength(tasks.flatMap(one => one.dependsOn).length)
      expect(new Set(places.map(({ layer, row }) => `${layer} ${row}`)).size).toBe(tasks.length)
      expect(places.every(({ layer, row }) => layer < layers && row < rows)).toBe(true)
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
