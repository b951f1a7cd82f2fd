import { expect, test } from 'vitest'
import { file, parallel, plan, say, sh } from '../../support/runbook.ts'
import { PATIENT, reaches, runWeb, writes } from './web.ts'

const web = runWeb()

test('the picture of a pipeline is live, and its boxes lead to the sub-agents', async () => {
  const pipeline = parallel(
    { name: 'refactor auth', prompt: plan(sh('sleep 3'), file('auth.txt', 'auth'), say('Refactored.')) },
    { name: 'update docs', prompt: plan(file('docs.txt', 'docs'), say('Updated.')) },
    { name: 'write tests', prompt: file('tests.txt', 'tests'), depends_on: ['refactor auth', 'update docs'] },
  )
  const { tasks } = await web.project([writes('module', { plan: pipeline })])
  const system = web.system()
  const page = await web.open(`/t/${tasks.module!.id}`)
  await system.client.acceptTask({ params: { id: tasks.module!.id } })
  const review = page.getByRole('region', { name: 'Review' })
  const box = (within: typeof review, name: string) => within.getByRole('link', { name })
  await box(review, 'refactor auth: Running').waitFor(PATIENT)
  await box(review, 'write tests: Pending, after refactor auth, update docs').waitFor()

  await page.getByRole('tab', { name: 'Pipelines' }).click(PATIENT)
  const tab = page.getByRole('tabpanel', { name: 'Pipelines' })
  await box(tab, 'refactor auth: Done').waitFor(PATIENT)
  await box(tab, 'write tests: Done').waitFor(PATIENT)
  await tab.getByText('All 3 done').waitFor()
  await reaches(system, tasks.module!.id, 'ready')

  await tab.getByRole('radio', { name: 'List' }).click()
  const listed = await tab.getByRole('list', { name: 'Tasks of the pipeline' }).getByRole('listitem').allTextContents()
  expect(listed.map(text => /refactor auth|update docs|write tests/.exec(text)?.[0])).toEqual([
    'refactor auth',
    'update docs',
    'write tests',
  ])
  expect(listed[2]).toContain('After refactor auth, update docs')
  await tab.getByRole('radio', { name: 'Text' }).click()
  await tab.getByText('⚡ Pipeline (3 tasks)').waitFor()
  await tab.getByRole('button', { name: 'Copy the pipeline as text' }).waitFor()

  await page.reload()
  await tab.getByText('⚡ Pipeline (3 tasks)').waitFor()
  await tab.getByRole('radio', { name: 'Picture' }).click()
  await box(tab, 'update docs: Done').click()
  await page.getByRole('heading', { name: 'update docs', exact: true }).waitFor()
  await page.getByRole('article', { name: 'Agent', exact: true }).getByText('Updated.').waitFor()
  await page.getByText('This sub-agent is done.').waitFor()
  await page.getByRole('link', { name: 'Sub-agent of #1 Write module' }).click()
  await tab.getByText('All 3 done').waitFor()
}, 240_000)

test('a pipeline that stops shows where, and what never started', async () => {
  const pipeline = parallel(
    { name: 'read code', prompt: say('Read.') },
    { name: 'run tests', prompt: sh('echo broken >&2; exit 3'), depends_on: ['read code'] },
    { name: 'deploy', prompt: sh('true'), depends_on: ['run tests'] },
  )
  const { tasks } = await web.project([writes('release', { plan: pipeline })])
  const system = web.system()
  await system.client.acceptTask({ params: { id: tasks.release!.id } })
  const page = await web.open(`/t/${tasks.release!.id}?tab=pipelines`)
  const tab = page.getByRole('tabpanel', { name: 'Pipelines' })
  await tab.getByText('Stopped, as run tests failed').waitFor(PATIENT)
  await tab.getByRole('link', { name: 'read code: Done' }).waitFor()
  await tab.getByRole('link', { name: 'deploy: Skipped, after run tests' }).waitFor()
  await tab.getByRole('radio', { name: 'List' }).click()
  await tab.getByText(/exit code 3|exit 3/).waitFor()
}, 180_000)

test('the picture stands in a thread without a task as well', async () => {
  const { project } = await web.project()
  const page = await web.open(`/p/${project.id}/threads`)
  const pipeline = parallel(
    { name: 'left', prompt: plan(sh('sleep 4'), file('left.txt', 'l')) },
    { name: 'right', prompt: file('right.txt', 'r') },
  )
  await page.getByLabel('Message', { exact: true }).fill(plan(pipeline, say('Both are there.')))
  await page.keyboard.press('Control+Enter')
  await page
    .getByRole('region', { name: 'Pipelines', exact: true })
    .getByRole('link', { name: 'left: Running' })
    .click(PATIENT)
  await page.getByRole('link', { name: 'Sub-agent of a thread' }).click()
  await page.getByRole('article', { name: 'Agent', exact: true }).getByText('Both are there.').waitFor(PATIENT)
  // What still comes in moves the line that is to be clicked.
  await page.getByRole('navigation', { name: 'Threads' }).getByText('Idle').waitFor(PATIENT)
  await page.getByText('1 earlier pipeline of this thread').click()
  await page.getByRole('region', { name: 'Pipelines', exact: true }).getByRole('link', { name: 'left: Done' }).waitFor()
}, 180_000)
