import { expect, test } from 'vitest'
import { type Running, supervise } from '../../infra/supervise.ts'
import { eventually } from '../support/eventually.ts'

/** Something that runs until it is told to end. */
function something(): Running & { end: () => void } {
  let end = () => {}
  const exited = new Promise<void>(resolve => {
    end = resolve
  })
  return { exited, end, stop: async () => end() }
}

test('what ends on its own is started again, and not after a stop', async () => {
  const started = [something()]
  const ends: string[] = []
  const supervised = supervise({
    first: started[0]!,
    start: async () => {
      const next = something()
      started.push(next)
      return next
    },
    onEnd: reason => ends.push(reason),
  })
  started[0]!.end()
  await eventually(() => expect(started).toHaveLength(2))
  await supervised.stop()
  await started[1]!.exited
  expect(started).toHaveLength(2)
  expect(ends).toEqual(['ended'])
})

test('a start that fails is tried again after a longer pause', async () => {
  const pauses: number[] = []
  const first = something()
  let tries = 0
  const supervised = supervise({
    first,
    start: async () => {
      tries += 1
      if (tries < 3) throw new Error('not yet')
      return something()
    },
    onEnd: (_, pause) => pauses.push(pause),
  })
  first.end()
  await eventually(() => expect(tries).toBe(3))
  expect(pauses).toEqual([500, 1_000, 2_000])
  await supervised.stop()
})

test('a stop in the middle of a start ends what that start brings', async () => {
  const first = something()
  const late = something()
  let begin = () => {}
  const begun = new Promise<void>(resolve => {
    begin = resolve
  })
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  const supervised = supervise({
    first,
    start: async () => {
      begin()
      await held
      return late
    },
    onEnd: () => {},
  })
  first.end()
  await begun
  const stopped = supervised.stop()
  release()
  await stopped
  await late.exited
})
