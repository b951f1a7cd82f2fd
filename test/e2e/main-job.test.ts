import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { file, plan, say, sh } from '../support/runbook.ts'
import { testStage } from '../support/servers.ts'
import { startSystem } from '../support/system.ts'
import { clone, type Files, makeRepository } from '../support/work-tree.ts'
import { follow, readHistory, seqOf } from './support/history.ts'
import { plainHttp } from './support/http.ts'

interface Project {
  id: string
  defaultBranch: string
  headSha: string
  cloneUrl: string
}

interface Task {
  id: string
  threadId: string
  key: string
  title: string
  state: string
  activeMs: number
  output: string
  checks: { status: string; passed: number; failed: number } | null
  failure: { message: string } | null
  dependsOn: string[]
  apply: { phase: string; position: number } | null
}

type Page<T> = { items: T[] }

const unit = (name: string) => `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ${name} } from '../src/${name}.js'

test('${name} says its name', () => assert.equal(${name}(), '${name}'))
`
const source = (name: string, body = `'${name}'`) => `export const ${name} = () => ${body}\n`

/** Some hundred files, a dozen commits, tests without dependencies. */
function start(): Files[] {
  const pages = Array.from({ length: 20 }, (_, part) =>
    Object.fromEntries(
      Array.from({ length: 15 }, (_, n) => [`docs/part-${part}/page-${n}.md`, `# Page ${part}.${n}\n\nText.\n`]),
    ),
  )
  return [
    { 'package.json': '{ "type": "module", "private": true }\n', 'README.md': '# Shop\n' },
    ...pages.slice(0, 10).map((page, n) => ({ ...page, ...pages[n + 10] })),
    { 'src/shop.js': source('shop'), 'test/shop.test.js': unit('shop') },
  ]
}

const feature = (name: string, before = '') =>
  plan(
    `Add \`src/${name}.js\`.`,
    before,
    file(`src/${name}.js`, source(name).trimEnd()),
    file(`test/${name}.test.js`, unit(name).trimEnd()),
    sh('node --test'),
    say(`\`${name}()\` is there.`),
  )

const TASKS = [
  { key: 'store', title: 'Keep a cart', plan: feature('cart'), doneWhen: 'cart() says its name.' },
  { key: 'prices', title: 'Add prices', plan: feature('prices', sh('test -f src/cart.js')), dependsOn: ['store'] },
  {
    key: 'taxes',
    title: 'Add taxes',
    description: 'On top of everything.',
    plan: feature('taxes', sh('test -f src/cart.js && test ! -f src/prices.js')),
    dependsOn: ['store'],
  },
  {
    key: 'till',
    title: 'Open the till',
    plan: feature('till', sh('cat src/cart.js src/prices.js src/taxes.js > src/all.txt')),
    dependsOn: ['taxes', 'prices'],
  },
  { key: 'guide', title: 'Write a guide', plan: plan(file('docs/guide.md', '# Guide'), say('The guide is written.')) },
]

const added: Files = {
  ...Object.fromEntries(
    ['cart', 'prices', 'taxes', 'till'].flatMap(name => [
      [`src/${name}.js`, source(name)],
      [`test/${name}.test.js`, unit(name)],
    ]),
  ),
  'src/all.txt': source('cart') + source('prices') + source('taxes'),
  'docs/guide.md': '# Guide\n',
}

test('five drafts become one line each of a project’s main version', async () => {
  const { onEnd } = testStage()
  const origin = await makeRepository(onEnd)
  const commits = start()
  for (const [n, files] of commits.entries()) await origin.commit(files, `Step ${n + 1}`)
  const system = await startSystem()
  const http = plainHttp(system)

  const project = await http.post<Project>('/projects', {
    name: 'Shop',
    source: { kind: 'git', url: `file://${origin.path}` },
    settings: { checkCommand: 'node --test' },
  })
  expect(project.headSha).toBe(await origin.git('rev-parse', 'HEAD'))
  const live = await follow(system, project.id, onEnd)
  const tasks = async () => (await http.get<Page<Task>>(`/projects/${project.id}/tasks`)).items
  const states = async () => (await tasks()).map(task => `${task.key} ${task.state}`)
  const keys = TASKS.map(({ key }) => key)

  const { items: drafts } = await http.post<Page<Task>>(`/projects/${project.id}/tasks`, { tasks: TASKS })
  expect(drafts.map(({ key, state }) => `${key} ${state}`)).toEqual(keys.map(key => `${key} draft`))
  await http.post(`/projects/${project.id}/tasks/accept`, {})
  await eventually(async () => expect(await states()).toEqual(keys.map(key => `${key} ready`)), { timeoutMs: 240_000 })

  const ready = new Map((await tasks()).map(task => [task.key, task]))
  const task = (key: string) => ready.get(key)!
  for (const key of keys) expect(task(key).checks, key).toMatchObject({ status: 'passed', failed: 0 })
  expect(task('till').checks?.passed).toBe(5)
  await expectEdgesObeyed()
  await expectContextBlocks()
  await expectRecords()

  const { items: line } = await http.post<Page<Task>>(`/tasks/${task('till').id}/apply`)
  const inLine = line.map(({ key }) => key)
  expect([inLine[0], ...inLine.slice(1, 3).toSorted(), inLine[3]]).toEqual(['store', 'prices', 'taxes', 'till'])
  await http.post(`/tasks/${task('guide').id}/apply`)
  await eventually(async () => expect(await states()).toEqual(keys.map(key => `${key} done`)), { timeoutMs: 240_000 })

  const main = await clone({ ...project, token: system.token }, onEnd)
  expect(await main.files()).toEqual(Object.assign({}, ...commits, added))
  const log = (await main.git('log', '--first-parent', '--format=%s')).split('\n')
  const titles = [...line.map(({ title }) => title), 'Write a guide']
  expect(log).toEqual([...titles.toReversed(), ...commits.map((_, n) => `Step ${n + 1}`).toReversed()])
  expect((await http.get<Project>(`/projects/${project.id}`)).headSha).toBe(await main.git('rev-parse', 'HEAD'))
  await promisify(execFile)(process.execPath, ['--test'], { cwd: main.path })
  await expectHistoryComplete()

  async function expectEdgesObeyed() {
    const history = await readHistory(http, project.id)
    for (const { id, dependsOn } of ready.values()) {
      for (const prerequisite of dependsOn) {
        expect(seqOf(history, id, 'task.active')).toBeGreaterThan(seqOf(history, prerequisite, 'task.ready'))
      }
    }
  }

  async function expectContextBlocks() {
    const first = async (key: string) =>
      (await http.get<Page<{ role: string; text: string }>>(`/threads/${task(key).threadId}/messages?limit=1`)).items[0]
    const context = (key: string) => {
      const { title, activeMs, output } = task(key)
      expect(output).toContain('is there.')
      return `[Context from completed task "${title}" (${Math.floor(activeMs / 1000)}s)]\n${output}`
    }
    const own = (key: string) => {
      const { title, description, plan, doneWhen } = { ...TASKS.find(each => each.key === key)! }
      const parts = [title, description, plan, doneWhen && `Done when: ${doneWhen}`]
      return parts.filter(Boolean).join('\n\n')
    }
    expect(await first('store')).toMatchObject({ role: 'user', text: own('store') })
    expect(await first('prices')).toMatchObject({ text: `${context('store')}\n\n[Your task]\n${own('prices')}` })
    const both = `${context('taxes')}\n\n${context('prices')}`
    expect(await first('till')).toMatchObject({ text: `${both}\n\n[Your task]\n${own('till')}` })
  }

  async function expectRecords() {
    const till = `/tasks/${task('till').id}`
    const { files } = await http.get<{ files: { path: string; status: string }[] }>(`${till}/diff`)
    expect(files.map(({ path, status }) => `${status} ${path}`)).toEqual([
      'added src/all.txt',
      'added src/till.js',
      'added test/till.test.js',
    ])
    expect(await http.get<string>(`${till}/diff?format=patch`)).toContain('+++ b/src/till.js')
    const { items: steps } = await http.get<Page<{ tool: string; exitCode?: number }>>(`${till}/log`)
    expect(steps.map(({ tool, exitCode }) => [tool, exitCode])).toEqual([
      ['bash', 0],
      ['write_file', undefined],
      ['write_file', undefined],
      ['bash', 0],
    ])
    const { items: checks } = await http.get<Page<{ onMain: boolean; passed: number; exitCode: number }>>(
      `${till}/checks`,
    )
    expect(checks.map(({ onMain, passed }) => [onMain, passed]).toSorted()).toEqual([
      [false, 5],
      [true, 1],
    ])
  }

  async function expectHistoryComplete() {
    const history = await readHistory(http, project.id, 7)
    expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1))
    await eventually(() => expect(live.length).toBeGreaterThanOrEqual(history.length))
    expect(live).toEqual(history)
  }
}, 600_000)
