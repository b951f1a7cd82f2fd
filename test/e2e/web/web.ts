import type { Browser, Locator, Page, Request } from 'playwright-core'
import { beforeAll, expect, onTestFinished } from 'vitest'
import { buildWeb } from '../../../infra/bootstrap/web.ts'
import type { Project } from '../../../shared/contract/project.ts'
import type { BodyInput } from '../../../shared/contract/routes.ts'
import type { Task } from '../../../shared/contract/task.ts'
import { launchBrowser } from '../../support/browser.ts'
import { eventually } from '../../support/eventually.ts'
import { fileStage } from '../../support/file-stage.ts'
import { type System, type SystemOptions, startSystem } from '../../support/system.ts'

/** What can take the time of a container or two. */
export const PATIENT = { timeout: 120_000 }

/** One system and one browser for the tests of a file. Each test opens pages of its own. */
export interface Web {
  system(): System
  /** A page of somebody signed in, at this path. An error in the page fails the test. */
  open(path: string, options?: { signedIn?: boolean }): Promise<Page>
  /** An empty project with these drafts. */
  project(drafts?: BodyInput<'createTasks'>['tasks'], settings?: Partial<Project['settings']>): Promise<Planned>
}

export interface Planned {
  project: Project
  /** By key. */
  tasks: Record<string, Task>
}

/** `options` may be made when the tests begin: what they name is then running. */
export function runWeb(options: SystemOptions | (() => Promise<SystemOptions>) = {}): Web {
  let system: System | undefined
  let browser: Browser | undefined
  const stage = fileStage()
  beforeAll(async () => {
    await buildWeb()
    system = await startSystem({ ...(typeof options === 'function' ? await options() : options), stage })
    browser = await launchBrowser()
    stage.onEnd(() => browser?.close())
    // What the system itself said helps to understand a page that did not get its answer.
    stage.onEnd(async () => {
      const errors = (await running().main.log()).split('\n').filter(line => /"level":[56]0/.test(line))
      if (errors.length > 0) console.error(errors.slice(-10).join('\n'))
    })
  })

  const running = () => {
    if (!system) throw new Error('The system runs only during the tests')
    return system
  }
  return {
    system: running,
    async open(path, { signedIn = true } = {}) {
      const context = await browser!.newContext({ viewport: { width: 1400, height: 900 }, reducedMotion: 'reduce' })
      const page = await context.newPage()
      const errors: string[] = []
      page.on('pageerror', error => errors.push(error.message))
      const unanswered = new Set<Request>()
      const ended = (request: Request) => unanswered.delete(request)
      page.on('request', request => unanswered.add(request))
      page.on('requestfinished', ended)
      page.on('requestfailed', ended)
      onTestFinished(async ({ task }) => {
        if (task.result?.state === 'fail') console.error(await described(page, unanswered))
        await context.close()
        expect(errors).toEqual([])
      })
      // Less than a test has by default, so that it is the step that says what it waited for.
      page.setDefaultTimeout(50_000)
      if (signedIn) {
        await page.goto(`${running().url}/signin?next=${encodeURIComponent(path)}`)
        await signIn(page, running().token)
        await page.waitForURL(running().url + path)
      } else await page.goto(running().url + path)
      return page
    },
    async project(drafts = [], settings = {}) {
      const { client } = running()
      const project = await client.createProject({ body: { name: 'Harbour', source: { kind: 'empty' }, settings } })
      const items =
        drafts.length > 0
          ? (await client.createTasks({ params: { id: project.id }, body: { tasks: drafts } })).items
          : []
      return { project, tasks: Object.fromEntries(items.map(task => [task.key, task])) }
    },
  }
}

/** What a page showed when its test failed, and what it had asked for without an answer yet. */
async function described(page: Page, unanswered: Set<Request>): Promise<string> {
  const shown = await page
    .locator('body')
    .ariaSnapshot({ timeout: 2_000 })
    .catch((error: Error) => error.message)
  return [page.url(), ...[...unanswered].map(request => `no answer yet: ${request.url()}`), shown].join('\n')
}

export async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** A draft whose plan writes a file named after it. */
export const writes = (key: string, more: Partial<BodyInput<'createTasks'>['tasks'][number]> = {}) => ({
  key,
  title: `Write ${key}`,
  plan: `\`\`\`file path=${key}.txt\nThe words of ${key}\n\`\`\``,
  ...more,
})

export const column = (page: Page, title: string): Locator => page.getByRole('region', { name: title, exact: true })

/** The card of a task, wherever it stands, or in one column. */
export function card(within: Page | Locator, title: string): Locator {
  const page = 'page' in within ? within.page() : within
  return within.getByRole('listitem').filter({ has: page.getByRole('link', { name: title, exact: true }) })
}

/** Waits until a task's card stands in a column. */
export const arrives = (page: Page, title: string, to: string): Promise<void> =>
  card(column(page, to), title).waitFor(PATIENT)

export async function openMenu(page: Page, title: string): Promise<Locator> {
  await card(page, title)
    .getByRole('button', { name: /^Options of/ })
    .click()
  return page.getByRole('menu')
}

export async function choose(page: Page, title: string, item: string): Promise<void> {
  await (await openMenu(page, title)).getByRole('menuitem', { name: item }).click()
}

/** Waits until the API says that a task is in this state; gives it. */
export const reaches = (system: System, taskId: string, state: Task['state']): Promise<Task> =>
  eventually(
    async () => {
      const task = await system.client.getTask({ params: { id: taskId } })
      expect(task.state, task.failure?.message).toBe(state)
      return task
    },
    { timeoutMs: 120_000, intervalMs: 100 },
  )
