import { v7 as uuid } from 'uuid'
import type { RouteName } from '../../../shared/contract/routes.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { CALL, type Person, type TestApi } from './support.ts'

/** Something of everything that an id can name, in one organization. */
export interface Fixture {
  projects: string
  threads: string
  tasks: string
  pipelines: string
  /** A message of the thread that nobody has read. */
  messages: string
}

/** A refused request: what it sends, and the code it gets; `invalid_request` where none is said. */
export interface BadBody {
  is: string
  body: unknown
  code?: string
  status?: number
}

export interface RouteCases {
  /** A body that is taken, whatever it then does. */
  body?: unknown
  badBodies?: BadBody[]
  /** Search parts that are refused. */
  badQueries?: string[]
}

const PAGES = ['limit=0', 'limit=201', 'limit=ten', 'limit=1.5', 'limit=5&limit=6', 'cursor=%00', 'cursor=bm90IG1pbmU']
const AFTER = ['after=-1', 'after=x', 'after=1.5', 'limit=0', 'limit=1000']
const draft = (key: string, dependsOn: unknown = []) => ({ key, title: key, plan: 'Do it.', dependsOn })
const source = (url: unknown) => ({ name: 'From git', source: { kind: 'git', url } })
const price = { input: 1, output: 1 }
const manyPrices = Array.from({ length: LIMITS.money.ownPrices + 1 }, (_, n) => [`openai:m${n}`, price])
const long = (chars: number) => 'x'.repeat(chars + 1)

/** What each route of the table is tried with. A route without an entry does not compile, and fails the tests. */
export const CASES: Record<RouteName, RouteCases> = {
  signIn: {
    body: { code: 'slw_signin_unknown' },
    badBodies: [
      { is: 'no code', body: {} },
      { is: 'an empty code', body: { code: '' } },
      { is: 'a number', body: { code: 7 } },
      { is: 'an unknown code', body: { code: 'slw_signin_nobody' }, code: 'unauthorized' },
    ],
  },
  me: {},
  createProject: {
    body: { name: 'Case' },
    badBodies: [
      { is: 'no name', body: {} },
      { is: 'a blank name', body: { name: '  ' } },
      { is: 'a name that is a number', body: { name: 7 } },
      { is: 'a long name', body: { name: long(LIMITS.project.nameChars) } },
      { is: 'a NUL in the name', body: { name: 'a\u0000b' } },
      { is: 'half a surrogate pair', body: { name: 'a\ud800b' } },
      { is: 'an unknown field', body: { name: 'A', colour: 'red' } },
      { is: 'an unknown source', body: { name: 'A', source: { kind: 'svn' } } },
      { is: 'a git source without URL', body: { name: 'A', source: { kind: 'git' } } },
      { is: 'a remote helper', body: source('ext::sh -c touch% /tmp/slipway-owned') },
      { is: 'an option', body: source('--upload-pack=touch /tmp/slipway-owned') },
      { is: 'an option as host', body: source('ssh://-oProxyCommand=touch/x') },
      { is: 'an option as scp host', body: source('-oProxyCommand=touch:x') },
      { is: 'another protocol', body: source('ftp://example.com/x.git') },
      { is: 'a URL with a line end', body: source('https://example.com/x.git\nfile:///etc') },
      { is: 'a repository that is not there', body: source('/nonexistent/repository') },
      { is: 'an unknown model', body: { name: 'A', settings: { model: 'nobody:model' } } },
      { is: 'no model name at all', body: { name: 'A', settings: { model: 'Not A Model' } } },
      { is: 'an unknown consulted model', body: { name: 'A', settings: { consultModel: 'nobody:model' } } },
      { is: 'no tasks at once', body: { name: 'A', settings: { maxParallel: 0 } } },
      { is: 'a port out of range', body: { name: 'A', settings: { previewPort: 70_000 } } },
      { is: 'an unknown setting', body: { name: 'A', settings: { fast: true } } },
    ],
  },
  listProjects: { badQueries: PAGES },
  getProject: {},
  updateProject: {
    body: { name: 'Renamed' },
    badBodies: [
      { is: 'a blank name', body: { name: '' } },
      { is: 'a flag that is text', body: { settings: { autoApply: 'yes' } } },
      { is: 'an unknown model', body: { settings: { model: 'nobody:model' } } },
      { is: 'a budget below zero', body: { settings: { budgetUsd: -1 } } },
      { is: 'a budget of nothing', body: { settings: { budgetUsd: 0 } } },
      { is: 'an unknown field', body: { slug: 'mine' } },
      { is: 'half a surrogate pair in a command', body: { settings: { checkCommand: '\udfff' } } },
    ],
  },
  deleteProject: {},
  listThreads: { badQueries: PAGES },
  createThread: {
    body: { title: 'Ideas' },
    badBodies: [
      { is: 'no title', body: {} },
      { is: 'a blank title', body: { title: ' ' } },
      { is: 'a long title', body: { title: long(LIMITS.thread.titleChars) } },
    ],
  },
  getThread: {},
  listMessages: { badQueries: [...AFTER, 'after=2147483648', 'cursor=x', 'cursor=2147483648'] },
  postMessage: {
    body: { text: 'Please use tabs.' },
    badBodies: [
      { is: 'no text', body: {} },
      { is: 'a blank text', body: { text: '\n' } },
      { is: 'an unknown mode', body: { text: 'x', mode: 'fast' } },
      { is: 'a long text', body: { text: long(LIMITS.thread.messageChars) } },
    ],
  },
  editMessage: {
    body: { text: 'Please use spaces.' },
    badBodies: [
      { is: 'no text', body: {} },
      { is: 'a blank text', body: { text: ' ' } },
      { is: 'a mode', body: { text: 'x', mode: 'plan' } },
      { is: 'a NUL', body: { text: 'a\u0000' } },
      { is: 'a long text', body: { text: long(LIMITS.thread.messageChars) } },
    ],
  },
  deleteMessage: {},
  stopThread: {},
  createTasks: {
    body: { tasks: [draft('one'), draft('two', ['one'])] },
    badBodies: [
      { is: 'no tasks', body: { tasks: [] } },
      { is: 'one task instead of a list', body: { tasks: draft('a') } },
      { is: 'too many', body: { tasks: Array.from({ length: LIMITS.task.perBatch + 1 }, (_, n) => draft(`t${n}`)) } },
      { is: 'a task without plan', body: { tasks: [{ key: 'a', title: 'A' }] } },
      { is: 'a duplicate key', body: { tasks: [draft('a'), draft('a')] } },
      { is: 'an unknown key', body: { tasks: [draft('a', ['b'])] } },
      { is: 'an unknown id', body: { tasks: [draft('a', [uuid()])] } },
      { is: 'dependencies that are numbers', body: { tasks: [draft('a', [1])] } },
      { is: 'a cycle', body: { tasks: [draft('a', ['b']), draft('b', ['a'])] }, code: 'cycle', status: 422 },
      { is: 'a task that waits for itself', body: { tasks: [draft('a', ['a'])] }, code: 'cycle', status: 422 },
      { is: 'an unknown model', body: { tasks: [{ ...draft('a'), model: 'nobody:model' }] } },
      { is: 'a priority out of range', body: { tasks: [{ ...draft('a'), priority: 1_000 }] } },
      { is: 'a budget below zero', body: { tasks: [{ ...draft('a'), budgetUsd: -1 }] } },
      { is: 'a NUL in the plan', body: { tasks: [{ ...draft('a'), plan: 'a\u0000' }] } },
    ],
  },
  listTasks: { badQueries: [...PAGES, 'state=flying', 'column=left', 'pipelineId=x'] },
  acceptTasks: {
    body: {},
    badBodies: [
      { is: 'ids that are none', body: { taskIds: ['x'] } },
      { is: 'an empty list', body: { taskIds: [] } },
      { is: 'an unknown id', body: { taskIds: [uuid()] }, code: 'not_found', status: 404 },
    ],
  },
  reviseTasks: {
    body: { instruction: 'Make them smaller.' },
    badBodies: [
      { is: 'no instruction', body: {} },
      { is: 'a blank instruction', body: { instruction: ' ' } },
      { is: 'a long instruction', body: { instruction: long(LIMITS.thread.messageChars) } },
      { is: 'ids that are none', body: { instruction: 'x', taskIds: ['x'] } },
      { is: 'an empty list', body: { instruction: 'x', taskIds: [] } },
      { is: 'an unknown id', body: { instruction: 'x', taskIds: [uuid()] }, code: 'not_found', status: 404 },
    ],
  },
  getTask: {},
  updateTask: {
    body: { priority: 1 },
    badBodies: [
      { is: 'a blank title', body: { title: '' } },
      { is: 'an unknown field', body: { state: 'done' } },
      { is: 'an unknown dependency', body: { dependsOn: [uuid()] } },
      { is: 'a dependency that is a key', body: { dependsOn: ['a'] } },
      { is: 'an unknown model', body: { model: 'nobody:model' } },
      { is: 'a fraction as priority', body: { priority: 0.5 } },
      { is: 'a budget of nothing', body: { budgetUsd: 0 } },
      { is: 'a budget that is text', body: { budgetUsd: '5' } },
    ],
  },
  acceptTask: {},
  dismissTask: {},
  cancelTask: {},
  retryTask: {},
  applyTask: {},
  getPlans: {},
  getDiff: { badQueries: ['format=zip'] },
  getLog: { badQueries: PAGES },
  getChecks: { badQueries: PAGES },
  getCheckpoints: { badQueries: PAGES },
  listPipelines: { badQueries: PAGES },
  listThreadPipelines: { badQueries: PAGES },
  getPipeline: { badQueries: ['ascii=2', 'view=tree'] },
  projectUsage: { badQueries: ['by=hour', 'from=today', 'from=2026-02-30', 'to=2026-11-21T00:00:00Z', 'to=%00'] },
  getPrices: {},
  updatePrices: {
    body: { prices: { 'openai-compatible:case*': { input: 1, output: 2 } } },
    badBodies: [
      { is: 'no prices', body: {} },
      { is: 'a list', body: { prices: [] } },
      { is: 'a model without provider', body: { prices: { 'gpt-5': price } } },
      { is: 'a star in the middle', body: { prices: { 'openai:gpt-*-mini': price } } },
      { is: 'a NUL in a model', body: { prices: { 'openai:a\u0000': price } } },
      { is: 'a price below zero', body: { prices: { 'openai:gpt': { ...price, input: -1 } } } },
      { is: 'a price that is text', body: { prices: { 'openai:gpt': { ...price, output: '1' } } } },
      { is: 'a price without output', body: { prices: { 'openai:gpt': { input: 1 } } } },
      { is: 'an unknown kind of token', body: { prices: { 'openai:gpt': { ...price, image: 1 } } } },
      { is: 'longer requests than nothing', body: { prices: { 'openai:gpt': { ...price, long: { input: 1 } } } } },
      { is: 'too many', body: { prices: Object.fromEntries(manyPrices) } },
    ],
  },
  listEvents: { badQueries: AFTER },
  opsOverview: {},
  opsWorkers: {},
  opsQueues: {},
  opsContainers: {},
}

/** A project with a thread, a task and a pipeline of two. */
export async function makeFixture({ db }: TestApi, { client }: Person): Promise<Fixture> {
  const project = await client.createProject({ body: { name: 'Fixture' } })
  const params = { id: project.id }
  const drafts = (...keys: string[]) =>
    client.createTasks({ params, body: { tasks: keys.map(key => ({ key, title: key, plan: 'Do it.' })) } })
  const task = (await drafts('fixture')).items[0]!
  const thread = await client.createThread({ params, body: { title: 'Fixture' } })
  const pipeline = await db.prisma.pipeline.create({ data: { id: uuid(), taskId: task.id, ...CALL } })
  for (const { id } of (await drafts('read code', 'write fix')).items) {
    await db.prisma.task.update({
      where: { id },
      data: { kind: 'pipeline', pipelineId: pipeline.id, parentTaskId: task.id },
    })
  }
  const message = await client.postMessage({ params: { id: thread.id }, body: { text: 'Fixture' } })
  return { projects: project.id, threads: thread.id, tasks: task.id, pipelines: pipeline.id, messages: message.id }
}

/** A route's path below `/api/v1` with the fixture's id in it, or with the given one. */
export function pathOf(path: string, fixture: Fixture, id?: string): string {
  const kind = path.split('/')[1] as keyof Fixture
  return `/api/v1${path.replace(':id', id ?? fixture[kind]).replace(':messageId', fixture.messages)}`
}
