import { expect, test } from 'vitest'
import { file, plan, say, sh } from '../../support/runbook.ts'
import { arrives, card, column, PATIENT, reaches, runWeb, writes } from './web.ts'

const web = runWeb()

const ask = (text: string) => `\`\`\`ask\n${text}\n\`\`\``
const section = (title: string, ...lines: string[]) => [`## ${title}`, ...lines].join('\n')

test('a wish on an empty board becomes a plan, is revised, and accepted in part', async () => {
  const { project } = await web.project()
  const { client } = web.system()
  const page = await web.open(`/p/${project.id}`)
  await page
    .getByLabel('What do you want to build?')
    .fill(
      plan(
        section('Write schema', 'The tables.', '', file('schema.sql', 'create table boats ();')),
        section('Build dashboard', 'after: Write schema', '', file('dashboard.html', '<h1>Boats</h1>')),
        section('Write notes', file('notes.md', 'One')),
      ),
    )
  await page.getByRole('button', { name: 'Plan it' }).click()

  const proposed = page.getByRole('region', { name: 'Proposed tasks' })
  await proposed.getByRole('heading', { name: '3 proposed tasks' }).waitFor(PATIENT)
  await proposed.getByText('After #1 Write schema').waitFor()
  await proposed.getByRole('button', { name: 'View plan of #1 Write schema' }).click()
  await page.getByRole('dialog').getByText('create table boats').waitFor()
  await page.keyboard.press('Escape')

  await proposed.getByRole('button', { name: 'Revise plan', exact: true }).click()
  const revising = page.getByRole('dialog', { name: 'Revise plan' })
  await revising.getByLabel('What should be different?').fill(section('Write notes', file('notes.md', 'Two')))
  await revising.getByRole('button', { name: 'Revise plan' }).click()
  await proposed.getByText('Version 2').waitFor(PATIENT)
  await proposed.getByRole('button', { name: 'View plan of #3 Write notes' }).click()
  const versions = page.getByRole('dialog')
  await versions.getByLabel('Compared with').selectOption('1')
  await versions.getByText('- One').waitFor()
  await versions.getByText('+ Two').waitFor()
  await page.keyboard.press('Escape')

  await proposed.getByRole('checkbox', { name: '#1 Write schema' }).uncheck()
  await proposed.getByText('Will wait until you accept #1 Write schema').waitFor()
  await proposed.getByRole('checkbox', { name: '#1 Write schema' }).check()
  await proposed.getByRole('checkbox', { name: '#3 Write notes' }).uncheck()
  await proposed.getByRole('button', { name: 'Accept 2 ticked tasks' }).click()
  await proposed.getByRole('heading', { name: '1 proposed task' }).waitFor()

  await page.getByRole('link', { name: 'Board', exact: true }).click()
  await arrives(page, 'Write notes', 'Drafts')
  await arrives(page, 'Build dashboard', 'Ready')
  const { items } = await client.listTasks({ params: { id: project.id } })
  expect(items.map(({ title, state }) => [title, state])).toEqual([
    ['Write schema', 'ready'],
    ['Build dashboard', 'ready'],
    ['Write notes', 'draft'],
  ])
}, 300_000)

test('a question is answered by a click, and the board says that it waits for somebody', async () => {
  const { project, tasks } = await web.project([
    writes('flag', { plan: plan(ask('Which colour?\n- Red\n- Blue'), say('Painted.')) }),
  ])
  const system = web.system()
  await system.client.acceptTask({ params: { id: tasks.flag!.id } })
  const page = await web.open(`/p/${project.id}`)
  await card(column(page, 'Active'), 'Write flag').getByText('Waiting for you', { exact: true }).waitFor(PATIENT)
  expect(await page.title()).toMatch(/^\(1\) /)
  await page.getByRole('link', { name: 'Write flag' }).click()
  const question = page.getByRole('region', { name: 'The agent asks you' })
  await question.getByText('Which colour?').waitFor()
  await question.getByRole('button', { name: 'Blue' }).click()
  await page.getByRole('region', { name: 'The agent asked you' }).getByText('(chosen)').waitFor(PATIENT)
  await reaches(system, tasks.flag!.id, 'ready')
  await page.getByRole('article', { name: 'You', exact: true }).getByText('Blue').waitFor()
}, 180_000)

test('the main thread builds at once, and is stopped', async () => {
  const { project } = await web.project()
  const { client } = web.system()
  const page = await web.open(`/p/${project.id}/threads`)
  await page.getByRole('radio', { name: 'Build' }).waitFor()
  const field = page.getByLabel('Message', { exact: true })
  await field.fill(plan(file('a.txt', 'A'), say('There it is.')))
  await page.keyboard.press('Control+Enter')
  await page.getByRole('article', { name: 'Agent', exact: true }).getByText('There it is.').waitFor(PATIENT)
  const rail = page.getByRole('navigation', { name: 'Threads' })
  await rail.getByText('Idle').waitFor(PATIENT)
  const { headSha } = await client.getProject({ params: { id: project.id } })
  expect(headSha).not.toBe(project.headSha)

  await field.fill(sh('sleep 600'))
  await page.keyboard.press('Control+Enter')
  await rail.getByText('Working').waitFor(PATIENT)
  await page.getByRole('button', { name: 'Stop' }).click(PATIENT)
  await rail.getByText('Stopped').waitFor(PATIENT)
}, 240_000)

test('a thread of its own is opened and planned in; the mode is remembered there', async () => {
  const { project } = await web.project()
  const page = await web.open(`/p/${project.id}/threads`)
  await page.getByRole('button', { name: 'New thread' }).click()
  await page.getByLabel('What is it about?').fill('Lights')
  await page.getByRole('button', { name: 'Open thread' }).click()
  const rail = page.getByRole('navigation', { name: 'Threads' })
  await rail.locator('[aria-current=page]', { hasText: 'Lights' }).waitFor()
  await page.getByRole('radio', { name: 'Plan' }).click()
  await page.getByLabel('Message', { exact: true }).fill(section('Hang lights', file('lights.txt', 'on')))
  await page.keyboard.press('Control+Enter')
  await page.getByRole('region', { name: 'Proposed tasks' }).getByText('#1 Hang lights').waitFor(PATIENT)
  await page.reload()
  await page.getByRole('region', { name: 'Proposed tasks' }).waitFor()
  expect(await page.getByRole('radio', { name: 'Plan' }).isChecked()).toBe(true)
  await page.keyboard.press('b')
  await arrives(page, 'Hang lights', 'Drafts')
  await page.keyboard.press('t')
  await page.getByRole('radio', { name: 'Build', checked: true }).waitFor()
  expect(await page.getByRole('region', { name: 'Proposed tasks' }).count()).toBe(0)
}, 180_000)

test('what is said of a done task becomes a follow-up, to which its thread leads', async () => {
  const { tasks } = await web.project([writes('first')])
  const system = web.system()
  const { id } = tasks.first!
  await system.client.acceptTask({ params: { id } })
  await reaches(system, id, 'ready')
  await system.client.applyTask({ params: { id } })
  await reaches(system, id, 'done')
  const page = await web.open(`/t/${id}`)
  await page.getByText('Makes a follow-up task on the newest main version.').waitFor()
  await page.getByLabel('Message', { exact: true }).fill(`Add more\n\n${file('more.txt', 'more')}`)
  await page.keyboard.press('Control+Enter')
  await page.getByRole('list', { name: 'Tasks that came of it' }).getByRole('link').click(PATIENT)
  await page.getByRole('heading', { name: /#2 Follow-up: Add more/ }).waitFor()
}, 180_000)
