import { expect, test } from 'vitest'
import type { QueryKey } from '../../../../services/web/src/api/keys.ts'
import { createRefresher } from '../../../../services/web/src/live/refresher.ts'
import { eventually } from '../../../support/eventually.ts'

function setUp() {
  const batches: QueryKey[][] = []
  const readings: PromiseWithResolvers<void>[] = []
  const refresher = createRefresher({
    gatherMs: 1,
    invalidate: queryKeys => {
      batches.push(queryKeys)
      const reading = Promise.withResolvers<void>()
      readings.push(reading)
      return reading.promise
    },
  })
  return { batches, readings, refresher }
}

test('many events in quick succession are one reading of each thing', async () => {
  const { batches, refresher } = setUp()
  for (let n = 0; n < 100; n++)
    refresher.add([
      ['tasks', 'p'],
      ['task', String(n % 2)],
    ])
  await eventually(() => expect(batches).toHaveLength(1))
  expect(batches[0]).toEqual([
    ['tasks', 'p'],
    ['task', '0'],
    ['task', '1'],
  ])
})

test('what comes in while something is read is read after it, and not before it ends', async () => {
  const { batches, readings, refresher } = setUp()
  refresher.add([['tasks', 'p']])
  await eventually(() => expect(batches).toHaveLength(1))
  refresher.add([['tasks', 'p']])
  refresher.add([['task', '1']])
  await expect(eventually(() => expect(batches).toHaveLength(2), { timeoutMs: 100 })).rejects.toThrow()
  readings[0]!.resolve()
  await eventually(() => expect(batches).toHaveLength(2))
  expect(batches[1]).toEqual([
    ['tasks', 'p'],
    ['task', '1'],
  ])
})
