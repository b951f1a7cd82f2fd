import { expect, test } from 'vitest'
import { runWeb, writes } from './web.ts'

const web = runWeb({ services: 'api,gateway' })

test('a project’s settings are changed, and what is wrong is told at its field', async () => {
  const { project } = await web.project()
  const { client } = web.system()
  const page = await web.open(`/p/${project.id}`)
  await page.getByRole('button', { name: 'Settings of the project' }).click()
  const dialog = page.getByRole('dialog', { name: 'Settings of Harbour' })
  await dialog.getByLabel('Budget in dollars').fill('-2')
  await dialog.getByText('Dollars above 0, or nothing.').waitFor()
  expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
  await dialog.getByLabel('Budget in dollars').fill('2.50')
  await dialog.getByLabel('Accept proposed tasks by itself').check()
  await dialog.getByLabel('Check command').fill('npm test')
  await dialog.getByLabel('Model', { exact: true }).fill('nobody:none')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog
    .getByRole('alert')
    .getByText(/nobody/)
    .waitFor()
  await dialog.getByLabel('Model', { exact: true }).fill('runbook')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  const { settings } = await client.getProject({ params: { id: project.id } })
  expect(settings).toMatchObject({ budgetUsd: 2.5, autoAccept: true, autoApply: false, checkCommand: 'npm test' })
})

test('a task gets a budget of its own', async () => {
  const { tasks } = await web.project([writes('dear')])
  const page = await web.open(`/t/${tasks.dear!.id}?tab=details`)
  await page.getByLabel('Budget in dollars').fill('1.25')
  await page.getByRole('button', { name: 'Set', exact: true }).click()
  await page.getByText('$0.00 of $1.25').waitFor()
  expect((await web.system().client.getTask({ params: { id: tasks.dear!.id } })).budgetUsd).toBe(1.25)
})

test('the first load carries no schemas, which only the server needs', async () => {
  const page = await web.open('/')
  await page.getByRole('heading', { name: 'Projects' }).waitFor()
  const scripts = await page.evaluate<string[]>(
    "performance.getEntriesByType('resource').map(({ name }) => name).filter(name => name.endsWith('.js'))",
  )
  const texts = await Promise.all(scripts.map(async url => (await fetch(url)).text()))
  expect(texts.length).toBeGreaterThan(1)
  expect(texts.filter(text => text.includes('ZodError'))).toEqual([])
})
