import { expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { arrives, card, choose, column, openMenu, PATIENT, reaches, runWeb, writes } from './web.ts'

const web = runWeb()

test('from no project at all to work in main, by hand', async () => {
  const page = await web.open('/')
  await page.getByRole('button', { name: 'Start with the sample' }).click()
  await page.getByRole('button', { name: 'Create project' }).click()
  await page.getByRole('heading', { name: 'No task yet' }).waitFor()

  await page.keyboard.press('c')
  const dialog = page.getByRole('dialog', { name: 'New task' })
  await dialog.getByLabel('Title').fill('Write a note')
  await dialog.getByRole('button', { name: 'Add another' }).click()
  await dialog.getByText('Say what is to be done.').waitFor()
  await dialog.getByLabel('Plan').fill('```file path=note.txt\nA note\n```')
  await dialog.getByRole('button', { name: 'Add another' }).click()
  await dialog.getByLabel('Title').fill('Sign the note')
  await dialog.getByLabel('Plan').fill('```sh\necho Ada >> note.txt\n```')
  await dialog.getByRole('checkbox', { name: /Write a note/ }).check()
  await dialog.getByLabel('Priority').fill('5')
  await dialog.getByRole('button', { name: 'Create 2 drafts' }).click()
  await arrives(page, 'Sign the note', 'Drafts')

  await page.getByRole('button', { name: 'Accept all drafts (2)' }).click()
  await arrives(page, 'Sign the note', 'Active')
  await card(page, 'Sign the note').getByText('Waiting for #1 Write a note').waitFor()
  await arrives(page, 'Write a note', 'Ready')
  await arrives(page, 'Sign the note', 'Ready')

  await choose(page, 'Sign the note', 'Apply changes')
  const question = page.getByRole('alertdialog')
  await question.getByText('#1 Write a note').waitFor()
  await question.getByRole('button', { name: 'Apply changes' }).click()
  await arrives(page, 'Write a note', 'Done')
  await arrives(page, 'Sign the note', 'Done')
}, 240_000)

test('the sample’s request is one click away', async () => {
  const { client } = web.system()
  const project = await client.createProject({ body: { name: 'Sample', source: { kind: 'sample' } } })
  const page = await web.open(`/p/${project.id}`)
  await page.getByRole('button', { name: /Create the sample request/ }).click()
  await eventually(async () => expect(await column(page, 'Drafts').getByRole('link').count()).toBe(5))
  await choose(page, 'Keep bookings', 'View plan')
  await page.getByRole('dialog').getByText('src/bookings.js').first().waitFor()
})

test('a card offers exactly the moves that its state allows', async () => {
  const { project, tasks } = await web.project([writes('fails', { plan: '```sh\nexit 3\n```' }), writes('works')])
  const { client } = web.system()
  const page = await web.open(`/p/${project.id}`)
  const offered = async (title: string) => {
    const items = await (await openMenu(page, title)).getByRole('menuitem').allTextContents()
    await page.keyboard.press('Escape')
    return items
  }
  expect(await offered('Write fails')).toEqual(['Accept', 'View plan', 'Revise plan', 'Dismiss'])
  await client.acceptTasks({ params: { id: project.id }, body: {} })
  const failed = card(column(page, 'Active'), 'Write fails').filter({ has: page.locator('[data-state="failed"]') })
  await failed.getByText(/exit code 3|exit 3/).waitFor(PATIENT)
  expect(await offered('Write fails')).toEqual(['Retry', 'View plan', 'Dismiss'])
  await arrives(page, 'Write works', 'Ready')
  expect(await offered('Write works')).toEqual(['Apply changes', 'View plan', 'Dismiss'])
  await client.applyTask({ params: { id: tasks.works!.id } })
  await arrives(page, 'Write works', 'Done')
  expect(await offered('Write works')).toEqual(['View plan'])
}, 180_000)

test('a running task is cancelled, found behind the filter, and started again', async () => {
  const { project, tasks } = await web.project([writes('slow', { plan: '```sh\nsleep 600\n```' })])
  const system = web.system()
  const page = await web.open(`/p/${project.id}`)
  await choose(page, 'Write slow', 'Accept')
  await card(page, 'Write slow').locator('[data-state="active"]').waitFor(PATIENT)
  await choose(page, 'Write slow', 'Cancel')
  await reaches(system, tasks.slow!.id, 'cancelled')
  await card(page, 'Write slow').waitFor({ state: 'detached' })

  await page.getByRole('button', { name: 'Filter the Done column' }).click()
  await page.getByRole('menuitemcheckbox', { name: /Show cancelled and dismissed/ }).click()
  await page.keyboard.press('Escape')
  await card(column(page, 'Done'), 'Write slow').getByText('Cancelled').waitFor()
  expect(new URL(page.url()).searchParams.get('all')).toBe('true')
  await choose(page, 'Write slow', 'Retry')
  await arrives(page, 'Write slow', 'Active')
  await reaches(system, tasks.slow!.id, 'active')
  await choose(page, 'Write slow', 'Cancel')
  await reaches(system, tasks.slow!.id, 'cancelled')
}, 180_000)

test('dismissing a task names those that build on it', async () => {
  const { project, tasks } = await web.project([
    writes('base'),
    writes('top', { dependsOn: ['base'] }),
    writes('other'),
  ])
  const page = await web.open(`/p/${project.id}`)
  await choose(page, 'Write base', 'Dismiss')
  const question = page.getByRole('alertdialog')
  await question.waitFor()
  expect(await question.getByRole('listitem').allTextContents()).toEqual(['#2 Write top'])
  await page.keyboard.press('Escape')
  await question.waitFor({ state: 'detached' })
  expect((await web.system().client.getTask({ params: { id: tasks.base!.id } })).state).toBe('draft')

  await choose(page, 'Write base', 'Dismiss')
  await question.getByRole('button', { name: 'Dismiss' }).click()
  await reaches(web.system(), tasks.base!.id, 'dismissed')
  await card(page, 'Write base').waitFor({ state: 'detached' })
})

test('a move that comes too late is taken back, with the reason', async () => {
  const { project, tasks } = await web.project([writes('late')])
  const page = await web.open(`/p/${project.id}`)
  await choose(page, 'Write late', 'Dismiss')
  await web.system().client.acceptTask({ params: { id: tasks.late!.id } })
  await reaches(web.system(), tasks.late!.id, 'ready')
  await web.system().client.applyTask({ params: { id: tasks.late!.id } })
  await reaches(web.system(), tasks.late!.id, 'done')
  await page.getByRole('alertdialog').getByRole('button', { name: 'Dismiss' }).click()
  await page.getByText(/is done, so it cannot become dismissed/).waitFor()
  await arrives(page, 'Write late', 'Done')
}, 180_000)

test('the board follows what happens elsewhere, and after the network was gone', async () => {
  const { project } = await web.project([writes('first')])
  const { client } = web.system()
  const page = await web.open(`/p/${project.id}`)
  await page.getByRole('status').getByText('Live').waitFor()
  const tasks = (key: string) => ({ params: { id: project.id }, body: { tasks: [writes(key)] } })
  await client.createTasks(tasks('second'))
  await arrives(page, 'Write second', 'Drafts')

  await page.context().setOffline(true)
  await page.getByRole('status').getByText('Offline').waitFor(PATIENT)
  await client.createTasks(tasks('third'))
  await page.context().setOffline(false)
  await arrives(page, 'Write third', 'Drafts')
  await page.getByRole('status').getByText('Live').waitFor(PATIENT)
  await client.createTasks(tasks('fourth'))
  await arrives(page, 'Write fourth', 'Drafts')
})

test('a browser without a network shows what a Slipway on its own machine answers', async () => {
  const { project } = await web.project([writes('near')])
  const page = await web.open('/')
  await page.getByRole('heading', { name: 'Projects' }).waitFor()
  await page.evaluate("dispatchEvent(new Event('offline'))")
  await page.locator(`a[href="/p/${project.id}"]`).click()
  await arrives(page, 'Write near', 'Drafts')
})

test('the keyboard alone reaches everything', async () => {
  const { project } = await web.project([writes('one'), writes('two'), writes('three')])
  const page = await web.open(`/p/${project.id}`)
  const focused = () => page.locator(':focus').textContent()
  await arrives(page, 'Write three', 'Drafts')
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })

  await page.keyboard.press('/')
  await page.keyboard.type('three')
  await card(page, 'Write one').waitFor({ state: 'detached' })
  await page.keyboard.press('Escape')
  await card(page, 'Write one').waitFor()

  await page.getByRole('link', { name: 'Write one', exact: true }).focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  expect(await focused()).toBe('Write three')
  await page.keyboard.press('ArrowUp')
  expect(await focused()).toBe('Write two')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: /#2 Write two/ }).waitFor()
})

test('what is typed into a new task survives a reload', async () => {
  const { project } = await web.project()
  const page = await web.open(`/p/${project.id}`)
  await page.getByRole('heading', { name: 'No task yet' }).waitFor()
  await page.keyboard.press('c')
  await page.getByLabel('Title').fill('Half a thought')
  await page.reload()
  await page.getByRole('heading', { name: 'No task yet' }).waitFor()
  await page.keyboard.press('c')
  expect(await page.getByLabel('Title').inputValue()).toBe('Half a thought')
})
