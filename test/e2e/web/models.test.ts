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

/** A task's agent runs a command in each of three replies; in a thread the model talks, slowly, and then asks. */
function script({ messages }: ScriptedRequest): ScriptedReply {
  const said = messages.filter(({ role }) => role === 'assistant').length
  if (!messages[0]?.text.includes('What next')) {
    return said < 3 ? { calls: [{ name: 'bash', args: { command: `echo ${said}` } }], usage } : { text: 'Done.', usage }
  }
  if (said > 0) return { text: 'Then I plan the lights.', usage }
  const words = Array.from({ length: 40 }, (_, n) => `word${n}`).join(' ')
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
