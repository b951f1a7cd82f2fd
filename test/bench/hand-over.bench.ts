import { FlowProducer, Worker } from 'bullmq'
import { connectRedis } from '../../shared/runtime/redis.ts'
import type { Claim } from '../../shared/runtime/task-store/index.ts'
import { draft, type Engine, startEngine } from '../support/engine.ts'
import { bench, inTurns } from './measure.ts'

/** From the commit that makes a prerequisite ready to the claim of its dependant, beside a child's end and its parent's start in BullMQ. */
await bench('hand-over', async ({ stage, row }) => {
  const engine = await startEngine({ stage })
  const slipway = await tasks(engine)
  const baseline = await parentAndChild(engine, stage.onEnd)
  const measured = await inTurns(150, { slipway, baseline }, { withinMs: 12_000 })
  row('Hand-over from a prerequisite to its dependant', 'ms', measured, 'BullMQ, child to parent')
})

async function tasks(engine: Engine): Promise<() => Promise<number>> {
  const { store } = engine
  const project = await engine.project()
  let endedAt = 0
  let started = (_ms: number) => {}
  await engine.startWorker(async (claim: Claim) => {
    if (claim.title === 'dependant') started(performance.now() - endedAt)
    await store.open(claim, { baseSha: '1'.repeat(40), prompt: claim.title })
    await store.ready(claim, { headSha: '2'.repeat(40), branch: `tasks/${claim.number}`, output: '' })
    if (claim.title === 'prerequisite') endedAt = performance.now()
  })
  return async () => {
    const waited = new Promise<number>(resolve => {
      started = resolve
    })
    const drafts = [draft('prerequisite'), draft('dependant', ['prerequisite'])]
    await store.accept(project.id, await store.createDrafts(project.id, drafts))
    return waited
  }
}

async function parentAndChild(
  { redisUrl, names, log }: Engine,
  onEnd: (cleanUp: () => unknown) => void,
): Promise<() => Promise<number>> {
  const prefix = `${names.prefix}-bare`
  const redis = connectRedis(redisUrl, { log, patient: true })
  const options = { connection: redis, prefix }
  let endedAt = 0
  let started = (_ms: number) => {}
  const end = async () => {
    endedAt = performance.now()
  }
  const children = new Worker('children', end, options)
  const parents = new Worker('parents', async () => started(performance.now() - endedAt), options)
  const producer = new FlowProducer(options)
  await Promise.all([children.waitUntilReady(), parents.waitUntilReady()])
  onEnd(async () => {
    await Promise.all([children.close(), parents.close(), producer.close()])
    redis.disconnect()
  })
  return async () => {
    const waited = new Promise<number>(resolve => {
      started = resolve
    })
    const child = { name: 'child', queueName: 'children' }
    await producer.add({ name: 'parent', queueName: 'parents', children: [child] })
    return waited
  }
}
