import { file } from '../support/runbook.ts'
import { startWorkshop, type Workshop } from '../support/workshop.ts'
import { bareContainers } from './bare-container.ts'
import { bench, inTurns, timed } from './measure.ts'
import { sourceFiles } from './source-files.ts'

/**
 * What a turn that plans takes beside the model's time, of which the built-in one needs none: from the message, over the look at the
 * project and the proposal, to the end of the turn; beside creating and starting a container of the same image.
 */
await bench('planning-turn', async ({ stage, row }) => {
  const slipway = await turns(await startWorkshop({}, stage))
  const measured = await inTurns(15, { slipway, baseline: bareContainers(stage) }, { withinMs: 20_000 })
  row('Planning turn, from the message to its drafts and its end', 'ms', measured, 'docker create + start')
})

async function turns(shop: Workshop): Promise<() => Promise<number>> {
  const { store, db } = shop
  const project = await shop.repository(sourceFiles(200))
  let over = Promise.withResolvers<void>()
  await shop.startWorker(async (claim, signal) => {
    await shop.execute(claim, signal)
    over.resolve()
  })
  let round = 0
  return async () => {
    const threadId = await store.createThread(project.id, 'chat', `Round ${++round}`)
    over = Promise.withResolvers()
    const wish = `## Schema ${round}\n${file('a.txt', 'a')}\n## Page ${round}\nafter: Schema ${round}\n${file('b.txt', 'b')}`
    const ms = await timed(async () => {
      await store.postMessage(threadId, wish, 'plan')
      await over.promise
    })
    const drafts = await db.prisma.task.count({ where: { projectId: project.id, state: 'draft' } })
    if (drafts !== 2 * round) throw new Error(`${drafts} drafts after ${round} turns`)
    return ms
  }
}
