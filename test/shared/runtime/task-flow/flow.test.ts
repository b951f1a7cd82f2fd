import { Worker } from 'bullmq'
import { v7 as uuid } from 'uuid'
import { expect, test } from 'vitest'
import { connectRedis } from '../../../../shared/runtime/redis.ts'
import { startEngine } from '../../../support/engine.ts'

async function three() {
  const { flow, redisUrl, log } = await startEngine()
  const [a, b, c] = [uuid(), uuid(), uuid()]
  const job = (taskId: string, n: bigint, gates: string[] = [], priority = 0) => ({ taskId, n, priority, gates })
  return { flow, redisUrl, log, a, b, c, job }
}

test('a task without gates is runnable at once, one with gates when the last of them is gone', async () => {
  const { flow, a, b, c, job } = await three()
  await flow.add([job(a, 1n), job(c, 2n, [a, b])])
  expect(await flow.stateOf(a, 1n)).toBe('prioritized')
  expect(await flow.stateOf(c, 2n)).toBe('waiting-children')
  await flow.release([{ from: a, to: c, n: 2n }])
  expect(await flow.stateOf(c, 2n)).toBe('waiting-children')
  await flow.release([{ from: b, to: c, n: 2n }])
  expect(await flow.stateOf(c, 2n)).toBe('prioritized')
})

test('releasing twice, or what never was, does no harm', async () => {
  const { flow, a, b, c, job } = await three()
  await flow.add([job(c, 1n, [a, b])])
  const gate = { from: a, to: c, n: 1n }
  await flow.release([gate, gate])
  await flow.release([gate, { from: c, to: a, n: 9n }])
  expect(await flow.stateOf(c, 1n)).toBe('waiting-children')
})

test('two tasks that share a prerequisite are released one by one', async () => {
  const { flow, a, b, c, job } = await three()
  await flow.add([job(b, 1n, [a]), job(c, 2n, [a])])
  await flow.release([{ from: a, to: b, n: 1n }])
  expect([await flow.stateOf(b, 1n), await flow.stateOf(c, 2n)]).toEqual(['prioritized', 'waiting-children'])
})

test('a flow that is added again, as after a crash, is the same flow', async () => {
  const { flow, a, b, c, job } = await three()
  await flow.add([job(c, 1n, [a, b])])
  await flow.add([job(c, 1n, [a, b])])
  await flow.release([{ from: a, to: c, n: 1n }])
  await flow.add([job(c, 1n, [b])])
  expect(await flow.stateOf(c, 1n)).toBe('waiting-children')
  await flow.release([{ from: b, to: c, n: 1n }])
  expect(await flow.stateOf(c, 1n)).toBe('prioritized')
  await flow.add([job(c, 1n, [])])
  expect(await flow.queues[0]!.getJobCountByTypes('prioritized', 'waiting-children')).toBe(1)
})

test('a discarded job is gone with its gates; discarding what is not there does no harm', async () => {
  const { flow, a, b, c, job } = await three()
  await flow.add([job(c, 1n, [a, b]), job(a, 2n)])
  await flow.discard(c, 1n)
  await flow.discard(c, 1n)
  await flow.discard(a, 2n)
  expect(await flow.stateOf(c, 1n)).toBe('unknown')
  expect(await flow.queues[1]!.getDelayedCount()).toBe(0)
  const listed = []
  for await (const page of flow.list()) listed.push(...page)
  expect(listed).toEqual([])
})

test('a job that a worker holds stays with it when it is discarded', async () => {
  const { flow, a, job, redisUrl, log } = await three()
  await flow.add([job(a, 1n)])
  const [tasks] = flow.queues
  const connection = connectRedis(redisUrl, { log, patient: true })
  const holder = new Worker(tasks!.name, null, { connection, prefix: tasks!.opts.prefix! })
  const held = await holder.getNextJob('token')
  expect(held?.data).toEqual({ taskId: a })
  await flow.discard(a, 1n)
  expect(await flow.stateOf(a, 1n)).toBe('active')
  await held!.moveToCompleted(null, 'token', false)
  expect(await flow.stateOf(a, 1n)).toBe('unknown')
  await holder.close()
  connection.disconnect()
})

test('all jobs are listed, page after page, with their numbers', async () => {
  const { flow, a, job } = await three()
  const ids = Array.from({ length: 1_100 }, () => uuid())
  await flow.add(ids.map((id, index) => job(id, BigInt(index + 1), index % 2 === 0 ? [] : [a])))
  const listed = []
  for await (const page of flow.list()) listed.push(...page)
  expect(new Map(listed.map(({ taskId, n }) => [taskId, n]))).toEqual(
    new Map(ids.map((id, index) => [id, BigInt(index + 1)])),
  )
})

test('Redis remembers an installation until it is told so of another', async () => {
  const { flow } = await three()
  expect(await flow.remembers('x')).toBe(false)
  await flow.markRemembered('x')
  expect([await flow.remembers('x'), await flow.remembers('y')]).toEqual([true, false])
})

test('a released task takes its turn by priority, as one that was never held', async () => {
  const { flow, a, b, c, job } = await three()
  await flow.add([job(a, 1n, [], 5), job(b, 2n, [c], -5), job(c, 3n, [], 0)])
  await flow.release([{ from: c, to: b, n: 2n }])
  const queue = await flow.queues[0]!.getJobs(['prioritized', 'wait'], 0, -1, true)
  expect(queue.map(({ data }) => data.taskId)).toEqual([a, c, b])
})

test('a task whose worker was lost goes before all that have not started', async () => {
  const { flow, a, b, c, job } = await three()
  await flow.add([job(a, 1n, [], 100), job(b, 2n)])
  await flow.add([{ ...job(c, 3n, [], -100), takeOver: true }])
  const queue = await flow.queues[0]!.getJobs(['prioritized', 'wait'], 0, -1, true)
  expect(queue.map(({ data }) => data.taskId)).toEqual([c, a, b])
})
