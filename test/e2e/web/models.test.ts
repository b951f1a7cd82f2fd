import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type ScriptedProvider,
  type ScriptedReply,
  type ScriptedRequest,
  startProvider,
} from '../../support/provider.ts'
import { PATIENT, reaches, runWeb, writes } from './web.ts'

const model = 'anthropic:claude-scripted'
/** 40,000 tokens of input and 2,000 of output cost 0.06 dollars at this price. */
const price = { input: 1, output: 10 }
const usage = { input: 40_000, output: 2_000 }

/** Makes a reply long enough to be held in its middle. */
const words = Array.from({ length: 40 }, (_, n) => `word${n}`).join(' ')

/** A task's agent runs a command in each of three replies, one of them held; in a thread the model talks and then asks. */
function script({ messages }: ScriptedRequest): ScriptedReply {
  const said = messages.filter(({ role }) => role === 'assistant').length
  const asked = messages[0]?.text ?? ''
  if (!asked.includes('What next')) {
    if (said === 3) return { text: 'Done.', usage }
    const held = asked.includes('Write slowly') ? changed.promise : undefined
    return { text: words, calls: [{ name: 'bash', args: { command: `echo ${said}` } }], usage, held }
  }
  if (said > 0) return { text: 'Then I plan the lights.', usage }
  const question = { question: 'Lights or ropes?', options: ['Lights', 'Ropes'] }
  return {
    text: `I look at the harbour: ${words}`,
    calls: [{ name: 'ask_user', args: question }],
    usage,
    held: seen.promise,
  }
}

let provider: ScriptedProvider
/** The browser shows the beginning of the first reply. */
const seen = Promise.withResolvers<void>()
/** The messages are as the agent may read them. */
const changed = Promise.withResolvers<void>()
const web = runWeb(async () => {
  provider = await startProvider(script)
  const { anthropicBaseUrl, anthropicApiKey } = provider.config
  return { env: { ANTHROPIC_BASE_URL: anthropicBaseUrl, ANTHROPIC_API_KEY: anthropicApiKey } }
})
beforeAll(() => web.system().client.updatePrices({ body: { prices: { [`${model}*`]: price } } }))
afterAll(() => provider.close())

test('what the agent says in a thread shows while it is written, and its question is answered there', async () => {
  const { project } = await web.project([], { model })
  const page = await web.open(`/p/${project.id}/threads`)
  await page.getByRole('radio', { name: 'Plan' }).click()
  await page.getByLabel('Message', { exact: true }).fill('What next?')
  await page.keyboard.press('Control+Enter')
  const writing = page.locator('[data-writing]')
  await writing.getByText('I look at the harbour').waitFor(PATIENT)
  expect(await writing.getByText('word39').count()).toBe(0)
  seen.resolve()
  const question = page.getByRole('region', { name: 'The agent asks you' })
  await question.getByText('Lights or ropes?').waitFor(PATIENT)
  await page.getByRole('navigation', { name: 'Threads' }).getByText('Waiting for you').waitFor()
  await page.getByRole('navigation', { name: 'Pages of the project' }).getByText('asks you').waitFor()
  expect(await writing.count()).toBe(0)
  await page.getByLabel('Message', { exact: true }).fill('Lights, at the pier')
  await page.keyboard.press('Control+Enter')
  await page.getByRole('article', { name: 'Agent', exact: true }).getByText('Then I plan the lights.').waitFor(PATIENT)
}, 180_000)

test('a message is changed and another taken back before the agent reads them', async () => {
  const { tasks } = await web.project([writes('slowly')], { model })
  const { id, threadId } = tasks.slowly!
  const { client } = web.system()
  // First, as it shows of a reply what is written from then on.
  const page = await web.open(`/t/${id}`)
  await client.acceptTask({ params: { id } })
  await page.locator('[data-writing]').waitFor(PATIENT)
  const field = page.getByLabel('Message', { exact: true })
  for (const text of ['Paint it red', 'Never mind']) {
    await field.fill(text)
    await page.keyboard.press('Control+Enter')
    await page.getByText(text).waitFor()
  }
  await page.getByRole('button', { name: 'Take back' }).nth(1).click()
  await page.getByText('Never mind').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Edit' }).click()
  await page.getByLabel('Change the message').fill('Paint it blue')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Paint it blue').waitFor()
  changed.resolve()
  await page.getByText('Queued: the agent reads it').waitFor({ state: 'detached', ...PATIENT })
  await reaches(web.system(), id, 'ready')
  const { items } = await client.listMessages({ params: { id: threadId } })
  const said = items.filter(({ role }) => role === 'user').map(({ text }) => text)
  expect(said.slice(1)).toEqual(['Paint it blue'])
}, 180_000)

test('a task that used up its budget asks for more, and goes on with one click', async () => {
  const { tasks } = await web.project([writes('dear', { budgetUsd: 0.15 })], { model })
  const system = web.system()
  const { id } = tasks.dear!
  await system.client.acceptTask({ params: { id } })
  const page = await web.open(`/t/${id}`)
  const review = page.getByRole('region', { name: 'Review' })
  await review.getByText('Waiting: the budget is used up').waitFor(PATIENT)
  await review.getByText('$0.12 of $0.15').waitFor()
  await review.getByRole('button', { name: '+$1' }).click()
  await page.getByText('The budget is $1.15 now').waitFor()
  const ready = await reaches(system, id, 'ready')
  expect(ready).toMatchObject({ budgetUsd: 1.15, attempt: 1 })
  await page.getByText('$0.24 of $1.15').waitFor(PATIENT)
}, 180_000)
