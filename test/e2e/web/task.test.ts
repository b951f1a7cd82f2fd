import { expect, test } from 'vitest'
import { PATIENT, reaches, runWeb, writes } from './web.ts'

const web = runWeb()

const checkCommand = `printf '# pass 3\\n# fail 0\\n'`

test('a finished task is reviewed and applied from its page', async () => {
  const { project, tasks } = await web.project(
    [
      writes('base'),
      writes('top', {
        dependsOn: ['base'],
        plan: '```sh\nmv base.txt moved.txt && echo more >> moved.txt\n```\n\n```say\nMoved it.\n```',
      }),
    ],
    { checkCommand },
  )
  const system = web.system()
  await system.client.acceptTasks({ params: { id: project.id }, body: {} })
  await reaches(system, tasks.top!.id, 'ready')

  const page = await web.open(`/t/${tasks.top!.id}`)
  await page.getByText('Context from completed task "Write base"').waitFor()
  await page.getByRole('article', { name: 'Agent', exact: true }).getByText('Moved it.').waitFor()
  const step = page.getByRole('button', { name: /Ran mv base\.txt moved\.txt/ })
  await step.click()
  await page.getByText('echo more >> moved.txt').first().waitFor()

  await page.getByRole('tab', { name: 'Changes' }).click()
  const diff = page.getByRole('table', { name: 'Changes of moved.txt' })
  expect(await diff.getByRole('row').filter({ hasText: 'more' }).textContent()).toContain('+more')

  await page.getByRole('tab', { name: 'Checks' }).click()
  await page.getByText('On this task').waitFor()
  await page.getByText('3 passed').first().waitFor()
  await page.getByRole('tab', { name: 'Log' }).click()
  await page
    .getByRole('tabpanel')
    .getByText(/mv base\.txt/)
    .waitFor()
  await page.getByRole('tab', { name: 'Details' }).click()
  await page.getByText(/^git clone .*--branch tasks\/2-write-top$/).waitFor()

  const review = page.getByRole('region', { name: 'Review' })
  await review.getByText('These are applied first').waitFor()
  expect(await review.getByRole('listitem').allTextContents()).toEqual(['#1 Write base'])
  await review.getByRole('button', { name: 'Apply changes to main version' }).click()
  await review.getByText('Its changes are part of the main version').waitFor(PATIENT)
  const done = await reaches(system, tasks.top!.id, 'done')
  await review.getByText(done.mergeSha!.slice(0, 7)).waitFor()
  const { headSha } = await system.client.getProject({ params: { id: project.id } })
  expect(headSha).toBe(done.mergeSha)
}, 180_000)

test('a reload in the middle of a run loses nothing and repeats nothing', async () => {
  const steps = [1, 2, 3, 4, 5, 6].map(n => `\`\`\`sh\nsleep 1; echo step-${n}\n\`\`\``)
  const { tasks } = await web.project([writes('long', { plan: steps.join('\n\n') })])
  const system = web.system()
  const page = await web.open(`/t/${tasks.long!.id}`)
  await page.getByRole('region', { name: 'Review' }).getByRole('button', { name: 'Accept' }).click()
  await page.getByRole('button', { name: /sleep 1; echo step-2/ }).waitFor(PATIENT)
  await page.reload()
  await page.getByRole('button', { name: /sleep 1; echo step-4/ }).waitFor(PATIENT)
  await page.context().setOffline(true)
  await page.getByRole('status').getByText('Offline').waitFor(PATIENT)
  await page.context().setOffline(false)
  await reaches(system, tasks.long!.id, 'ready')
  await page.getByText('Ready for review').waitFor(PATIENT)
  const shown = await page.getByRole('button', { name: /Ran sleep 1; echo step-/ }).allTextContents()
  expect(shown.map(text => /step-\d/.exec(text)?.[0])).toEqual([1, 2, 3, 4, 5, 6].map(n => `step-${n}`))
}, 180_000)

test('a message to a running task waits until it is read', async () => {
  const steps = [1, 2, 3].map(n => `\`\`\`sh\nsleep 4; echo ${n}\n\`\`\``)
  const { tasks } = await web.project([writes('talk', { plan: steps.join('\n\n') })])
  const system = web.system()
  await system.client.acceptTask({ params: { id: tasks.talk!.id } })
  const page = await web.open(`/t/${tasks.talk!.id}`)
  await page.getByRole('button', { name: /Running sleep 4/ }).waitFor(PATIENT)
  await page.getByText('Is read at its next step.').waitFor()
  await page.getByLabel('Message', { exact: true }).fill('Be *quick* about <b>it</b>')
  await page.keyboard.press('Control+Enter')
  const said = page.getByRole('article', { name: 'You', exact: true })
  await said.getByText('Be quick about <b>it</b>').waitFor()
  const queued = page.getByText('Queued: the agent reads it at its next step')
  await queued.waitFor()
  await queued.waitFor({ state: 'detached', ...PATIENT })
  await reaches(system, tasks.talk!.id, 'ready')
}, 180_000)

test('a running task is cancelled from its page', async () => {
  const { tasks } = await web.project([writes('endless', { plan: '```sh\nsleep 600\n```' })])
  const system = web.system()
  await system.client.acceptTask({ params: { id: tasks.endless!.id } })
  const page = await web.open(`/t/${tasks.endless!.id}`)
  await page.getByRole('button', { name: 'Cancel' }).click(PATIENT)
  await page.getByText('It was cancelled').waitFor()
  await reaches(system, tasks.endless!.id, 'cancelled')
}, 180_000)

test('feedback starts a finished task again', async () => {
  const { tasks } = await web.project([writes('draft')])
  const system = web.system()
  await system.client.acceptTask({ params: { id: tasks.draft!.id } })
  await reaches(system, tasks.draft!.id, 'ready')
  const page = await web.open(`/t/${tasks.draft!.id}`)
  await page.getByText('Starts it again with this feedback.').waitFor()
  await page.getByLabel('Message', { exact: true }).fill('```file path=extra.txt\nmore\n```')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('article', { name: 'You', exact: true }).waitFor()
  await page.getByRole('button', { name: /Wrote extra\.txt/ }).waitFor(PATIENT)
  await reaches(system, tasks.draft!.id, 'ready')
  await page.getByRole('tab', { name: 'Changes' }).click()
  await page.getByText('2 files changed').first().waitFor(PATIENT)
}, 180_000)

test('a failed task says why, and is retried or dismissed', async () => {
  const { project, tasks } = await web.project([writes('bad', { plan: '```sh\necho no good >&2; exit 7\n```' })])
  const system = web.system()
  await system.client.acceptTask({ params: { id: tasks.bad!.id } })
  const page = await web.open(`/t/${tasks.bad!.id}`)
  const review = page.getByRole('region', { name: 'Review' })
  await review.getByText('It failed').waitFor(PATIENT)
  await page.getByRole('button', { name: /exit 7/ }).waitFor()
  await review.getByRole('button', { name: 'Retry' }).click()
  await reaches(system, tasks.bad!.id, 'failed')
  await review.getByRole('button', { name: 'Dismiss' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Dismiss' }).click()
  await reaches(system, tasks.bad!.id, 'dismissed')
  await page.getByRole('link', { name: /Back to the board/ }).click()
  await page.waitForURL(new RegExp(project.id))
}, 180_000)

test('dependencies and priority are changed until the task starts', async () => {
  const { tasks } = await web.project([writes('one'), writes('two')])
  const page = await web.open(`/t/${tasks.two!.id}?tab=details`)
  await page.getByRole('checkbox', { name: /Write one/ }).check()
  await page.getByLabel('Priority').fill('7')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved').waitFor()
  const saved = await web.system().client.getTask({ params: { id: tasks.two!.id } })
  expect(saved).toMatchObject({ dependsOn: [tasks.one!.id], priority: 7 })
})

test('a narrow screen shows everything as tabs', async () => {
  const { tasks } = await web.project([writes('small')])
  const page = await web.open(`/t/${tasks.small!.id}`)
  await page.setViewportSize({ width: 390, height: 800 })
  await page.getByRole('tab', { name: 'Thread' }).waitFor()
  await page.getByRole('tab', { name: 'Plan' }).click()
  await page.getByText('The words of small').waitFor()
  const overflow = await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')
  expect(overflow).toBe(false)
})
