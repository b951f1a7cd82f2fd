import { createHintListener } from '../../shared/runtime/hints.ts'
import { connectRedis } from '../../shared/runtime/redis.ts'
import { draft } from '../support/engine.ts'
import { startWorkshop, type Workshop } from '../support/workshop.ts'
import { bareContainers } from './bare-container.ts'
import { type Bench, bench, inTurns, timed } from './measure.ts'
import { sourceFiles } from './source-files.ts'

/** From accepting a draft to the first output of its first command, beside creating and starting a container of the same image. */
await bench('first-call', async ({ stage, row }) => {
  const shop = await startWorkshop({}, stage)
  const slipway = await firstCalls(shop, stage)
  const baseline = bareContainers(stage)
  const measured = await inTurns(9, { slipway, baseline }, { withinMs: 15_000 })
  row('From accepting a draft to its first tool call', 'ms', measured, 'docker create + start')
})

async function firstCalls(shop: Workshop, stage: Bench['stage']): Promise<() => Promise<number>> {
  const { store, names, log } = shop
  const project = await shop.repository(sourceFiles(200))
  const listener = createHintListener({ redis: connectRedis(shop.redisUrl, { log }), log })
  stage.onEnd(() => listener.close())
  let heard = () => {}
  listener.listen(names.channels.project(project.id), message => {
    if ((message as { delta?: { text: string } }).delta?.text.includes('first')) heard()
  })
  let over = () => {}
  await shop.startWorker(async (claim, signal) => {
    await shop.execute(claim, signal)
    over()
  })
  return async () => {
    const said = new Promise<void>(resolve => {
      heard = resolve
    })
    const ended = new Promise<void>(resolve => {
      over = resolve
    })
    const ids = await store.createDrafts(project.id, [draft('task', [], { plan: '```sh\necho first\n```' })])
    const ms = await timed(async () => {
      await store.accept(project.id, ids)
      await said
    })
    // The next measurement begins on a worker that is idle.
    await ended
    return ms
  }
}
