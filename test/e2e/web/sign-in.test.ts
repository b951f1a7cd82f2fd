import { expect, test } from 'vitest'
import { createTokens, ensureDefaultOrganization } from '../../../shared/runtime/tokens.ts'
import { runWeb, signIn } from './web.ts'

const web = runWeb({ services: 'api,gateway' })

test('whoever is not signed in is asked, told what is wrong, and led to where they wanted', async () => {
  const { token } = web.system()
  const { project } = await web.project()
  const page = await web.open(`/p/${project.id}?q=words`, { signedIn: false })
  await signIn(page, 'slw_wrong')
  await page.getByText(/Run “make up” again/).waitFor()
  await signIn(page, token)
  await page.getByRole('heading', { name: 'No task yet' }).waitFor()
  expect(new URL(page.url()).search).toBe('?q=words')
  await page.reload()
  await page.getByRole('heading', { name: 'No task yet' }).waitFor()
})

test('a sign-in link works once and then says what to do', async () => {
  const { db } = web.system()
  const admin = await ensureDefaultOrganization(db, { plan: 'pro' })
  const { token: code } = await createTokens({ db }).issue({ kind: 'signin', ...admin, label: 'test' })
  const page = await web.open(`/signin#code=${code}`, { signedIn: false })
  await page.getByRole('heading', { name: 'Projects' }).waitFor()
  expect(page.url()).not.toContain(code)

  const again = await web.open(`/signin#code=${code}`, { signedIn: false })
  await again.getByRole('alert').getByText('This sign-in link does not work any more').waitFor()
})

test('a token that is revoked leads back to signing in without losing the place', async () => {
  const { db, token } = web.system()
  const { project } = await web.project()
  const admin = await ensureDefaultOrganization(db, { plan: 'pro' })
  const { token: mine } = await createTokens({ db }).issue({ kind: 'api', ...admin, label: 'revoked' })
  const page = await web.open('/signin', { signedIn: false })
  await signIn(page, mine)
  await page.getByRole('link', { name: project.name }).first().click()
  await page.getByRole('heading', { name: 'No task yet' }).waitFor()
  const { pathname } = new URL(page.url())

  await db.prisma.token.deleteMany({ where: { label: 'revoked' } })
  await page.reload()
  await signIn(page, token)
  await page.waitForURL(web.system().url + pathname)
})

test('signing out forgets the token, in every tab', async () => {
  const page = await web.open('/')
  const other = await page.context().newPage()
  await other.goto(page.url())
  await other.getByRole('heading', { name: 'Projects' }).waitFor()
  await page.getByRole('button', { name: 'Account' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByLabel('Token').waitFor()
  await other.getByLabel('Token').waitFor()
})

test('a repository that cannot be copied is told in words, and another try is made from the same form', async () => {
  const page = await web.open('/')
  await page.getByRole('button', { name: 'New project' }).click()
  const dialog = page.getByRole('dialog', { name: 'New project' })
  await dialog.getByRole('radio', { name: 'From git' }).click()
  await dialog.getByLabel('Git URL').fill('https://127.0.0.1:1/nothing.git')
  await dialog.getByRole('button', { name: 'Create project' }).click()
  await dialog
    .getByRole('alert')
    .getByText(/could not be cloned/)
    .waitFor()
  await dialog.getByRole('radio', { name: 'Empty' }).click()
  await dialog.getByLabel('Name').fill('Second try')
  await dialog.getByRole('button', { name: 'Create project' }).click()
  await page.getByRole('heading', { name: 'No task yet' }).waitFor()
})

test('an address of nothing says so', async () => {
  const page = await web.open('/p/018f0000-0000-7000-8000-000000000000')
  await page.getByText('There is nothing at this address').waitFor()
  await page.goto(`${web.system().url}/nowhere`)
  await page.getByText('There is nothing at this address').waitFor()
})
