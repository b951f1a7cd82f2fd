import { expect, test } from 'vitest'
import { createBroker } from '../../../../services/worker/models/broker.ts'
import { askAside, askModel } from '../../../../services/worker/run/ask.ts'
import type { RunDeps } from '../../../../services/worker/run/deps.ts'
import { changeOwnPrices, createPriceList } from '../../../../shared/runtime/prices.ts'
import { draft, startEngine } from '../../../support/engine.ts'
import { type Script, startProvider } from '../../../support/provider.ts'
import { claimed } from '../../../support/runs.ts'
import { testStage } from '../../../support/servers.ts'

const PAID = 'openai-compatible:paid'
const usage = { input: 1_000, output: 100 }
const price = { input: 10, output: 100 }
const asked = { system: 'Be brief.', history: [{ role: 'user' as const, text: 'Go on.' }], iteration: 1, tools: [] }

/** A run of a task with what it asks models with; containers and git are not touched. */
async function run(script: Script, { model = PAID, budgetUsd }: { model?: string; budgetUsd?: number } = {}) {
  const stage = testStage()
  const engine = await startEngine({ stage })
  const { store, db, log } = engine
  const provider = await startProvider(script)
  stage.onEnd(provider.close)
  const project = await engine.project()
  const [id] = (await store.createDrafts(project.id, [draft('a', [], { model, budgetUsd })])) as [string]
  await store.accept(project.id)
  const claim = await claimed(engine, id)
  await changeOwnPrices(db, { [`${PAID}*`]: price })
  const broker = createBroker({ config: provider.config, log, timeouts: { attempts: 1 } })
  const deps = { store, broker, log, prices: createPriceList({ db }), hints: { delta() {} } } as unknown as RunDeps
  const row = async () => {
    const { state, costUsd, reservedUsd } = await db.prisma.task.findUniqueOrThrow({ where: { id } })
    return { state, costUsd: Number(costUsd), reservedUsd: Number(reservedUsd) }
  }
  return { deps, claim, store, db, row, provider, signal: new AbortController().signal }
}

test('a reply is reserved while it is asked for, and says what it cost', async () => {
  let during: unknown
  const one = await run(async () => {
    during = await one.row()
    return { text: 'Done.', usage }
  })
  const reply = await askModel(one.deps, one.claim, asked, one.signal)
  // 16,000 tokens of output, and what a third of the request's bytes can be.
  expect(during).toMatchObject({ reservedUsd: expect.closeTo(1.6, 2) })
  expect(reply).toMatchObject({ text: 'Done.', costUsd: 0.02 })
  await one.store.storeReply(one.claim, 1, reply, reply.costUsd)
  expect(await one.row()).toEqual({ state: 'active', costUsd: 0.02, reservedUsd: 0 })
})

test('a model that costs nothing is asked without a word to the database', async () => {
  const one = await run(() => ({ text: 'Done.', usage }), { model: 'openai-compatible:own', budgetUsd: 0.000001 })
  const store = { ...one.store, reserve: () => Promise.reject(new Error('reserved')) }
  expect(await askModel({ ...one.deps, store }, one.claim, asked, one.signal)).toMatchObject({ costUsd: 0 })
})

test('what was reserved for a reply that is refused is free again', async () => {
  const one = await run(() => ({ fault: { status: 400, message: 'no' } }))
  await expect(askModel(one.deps, one.claim, asked, one.signal)).rejects.toMatchObject({ code: 'model_refused' })
  expect(await one.row()).toEqual({ state: 'active', costUsd: 0, reservedUsd: 0 })
})

test('a second model is paid for by itself, and refused where the budget does not pay for it', async () => {
  const one = await run(() => ({ text: 'Yes.', usage }), { budgetUsd: 0.45 })
  const consult = { purpose: 'consult', model: `${PAID}-second`, system: 'Advise.', text: 'Tabs?' } as const
  expect(await askAside(one.deps, one.claim, consult, one.signal)).toMatchObject({ text: 'Yes.' })
  expect(one.provider.requests[0]?.body).toMatchObject({ max_tokens: expect.any(Number) })
  expect(await one.row()).toEqual({ state: 'active', costUsd: 0.02, reservedUsd: 0 })
  expect(await one.db.prisma.modelCall.findMany()).toMatchObject([{ purpose: 'consult', model: consult.model }])

  const usedUp = { text: '', calls: [], usage: { inputTokens: 0, outputTokens: 0 } }
  await one.store.storeReply(one.claim, 1, usedUp, 0.4)
  await expect(askAside(one.deps, one.claim, consult, one.signal)).rejects.toMatchObject({ parked: false })
  expect(await one.row()).toMatchObject({ state: 'active', reservedUsd: 0 })
  await expect(askModel(one.deps, one.claim, asked, one.signal)).rejects.toMatchObject({ parked: true })
  expect(await one.row()).toMatchObject({ state: 'waiting', reservedUsd: 0 })
  expect(one.provider.requests).toHaveLength(1)
})
