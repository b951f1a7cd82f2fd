import { z } from 'zod'
import { BOARD_COLUMNS } from '../domain/task-state.ts'
import { Id, list, PageQuery, page } from './common.ts'
import { Event, EventsQuery } from './event.ts'
import { Me, OpsContainer, OpsOverview, OpsQueue, OpsWorker, SignedIn, SignIn } from './ops.ts'
import { CreateProject, Project, UpdateProject } from './project.ts'
import {
  AcceptTasks,
  Checkpoint,
  CheckRun,
  CreateTasks,
  Diff,
  Pipeline,
  PlanVersion,
  ReviseTasks,
  Step,
  Task,
  TaskStateName,
  UpdateTask,
} from './task.ts'
import { CreateThread, EditMessage, Message, MessagesQuery, PostMessage, Thread } from './thread.ts'
import { PriceList, ProjectUsage, UpdatePrices, UsageQuery } from './usage.ts'

export interface Route {
  method: 'get' | 'post' | 'patch' | 'delete'
  /** Under `/api/v1`, parameters as `:name`. */
  path: string
  summary: string
  tag: 'projects' | 'threads' | 'tasks' | 'pipelines' | 'usage' | 'events' | 'ops' | 'auth'
  /** `token`: anyone signed in · `admin`: users of that role · `none`: everybody. */
  access: 'token' | 'admin' | 'none'
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodType
  /** Status of success. */
  status: number
  /** Absent: an answer without a body. */
  response?: z.ZodType
  /** The route can answer with text instead, on `Accept: text/plain` or as its query says. */
  text?: boolean
}

const route = <const R extends Route>(definition: R): R => definition

const byId = z.object({ id: Id })
const byMessage = z.object({ id: Id, messageId: Id })
const TasksQuery = PageQuery.extend({
  state: TaskStateName.optional(),
  column: z.enum(BOARD_COLUMNS).optional(),
  pipelineId: Id.optional(),
})
const DiffQuery = z.object({ format: z.enum(['json', 'patch']).default('json') })
const PipelineQuery = z.object({ ascii: z.enum(['0', '1']).optional(), view: z.enum(['chains', 'list']).optional() })

const taskMove = <const S extends string>(move: S, summary: string) =>
  route({
    method: 'post',
    path: `/tasks/:id/${move}` as const,
    summary,
    tag: 'tasks',
    access: 'token',
    params: byId,
    status: 200,
    response: Task,
  })

/** Every public route. Express, OpenAPI and the typed client are made from this table. */
export const ROUTES = {
  signIn: route({
    method: 'post',
    path: '/auth/sign-in',
    summary: 'Exchange the code of a one-time sign-in link for a token',
    tag: 'auth',
    access: 'none',
    body: SignIn,
    status: 200,
    response: SignedIn,
  }),
  me: route({
    method: 'get',
    path: '/me',
    summary: 'Who the token belongs to, and what it may use',
    tag: 'auth',
    access: 'token',
    status: 200,
    response: Me,
  }),
  createProject: route({
    method: 'post',
    path: '/projects',
    summary: 'Create a project: empty, the sample, or from a git URL',
    tag: 'projects',
    access: 'token',
    body: CreateProject,
    status: 201,
    response: Project,
  }),
  listProjects: route({
    method: 'get',
    path: '/projects',
    summary: 'The organization’s projects, newest first',
    tag: 'projects',
    access: 'token',
    query: PageQuery,
    status: 200,
    response: page(Project),
  }),
  getProject: route({
    method: 'get',
    path: '/projects/:id',
    summary: 'One project',
    tag: 'projects',
    access: 'token',
    params: byId,
    status: 200,
    response: Project,
  }),
  updateProject: route({
    method: 'patch',
    path: '/projects/:id',
    summary: 'Rename a project or change some of its settings',
    tag: 'projects',
    access: 'token',
    params: byId,
    body: UpdateProject,
    status: 200,
    response: Project,
  }),
  deleteProject: route({
    method: 'delete',
    path: '/projects/:id',
    summary: 'Delete a project with its repository, tasks and threads',
    tag: 'projects',
    access: 'token',
    params: byId,
    status: 204,
  }),
  listThreads: route({
    method: 'get',
    path: '/projects/:id/threads',
    summary: 'The project’s threads, newest first',
    tag: 'threads',
    access: 'token',
    params: byId,
    query: PageQuery,
    status: 200,
    response: page(Thread),
  }),
  createThread: route({
    method: 'post',
    path: '/projects/:id/threads',
    summary: 'Open a thread',
    tag: 'threads',
    access: 'token',
    params: byId,
    body: CreateThread,
    status: 201,
    response: Thread,
  }),
  getThread: route({
    method: 'get',
    path: '/threads/:id',
    summary: 'One thread',
    tag: 'threads',
    access: 'token',
    params: byId,
    status: 200,
    response: Thread,
  }),
  listMessages: route({
    method: 'get',
    path: '/threads/:id/messages',
    summary: 'The messages of a thread after a number, oldest first',
    tag: 'threads',
    access: 'token',
    params: byId,
    query: MessagesQuery,
    status: 200,
    response: page(Message),
  }),
  postMessage: route({
    method: 'post',
    path: '/threads/:id/messages',
    summary: 'Say something: it wakes, steers or answers the agent; in a done task’s thread it makes a follow-up task',
    tag: 'threads',
    access: 'token',
    params: byId,
    body: PostMessage,
    status: 202,
    response: Message,
  }),
  editMessage: route({
    method: 'patch',
    path: '/threads/:id/messages/:messageId',
    summary: 'Change a message that the agent has not read yet',
    tag: 'threads',
    access: 'token',
    params: byMessage,
    body: EditMessage,
    status: 200,
    response: Message,
  }),
  deleteMessage: route({
    method: 'delete',
    path: '/threads/:id/messages/:messageId',
    summary: 'Take back a message that the agent has not read yet',
    tag: 'threads',
    access: 'token',
    params: byMessage,
    status: 204,
  }),
  stopThread: route({
    method: 'post',
    path: '/threads/:id/stop',
    summary:
      'Stop the agent in a thread without a task, and put aside what it has changed; the next message starts it again',
    tag: 'threads',
    access: 'token',
    params: byId,
    status: 200,
    response: Thread,
  }),
  createTasks: route({
    method: 'post',
    path: '/projects/:id/tasks',
    summary: 'Create drafts with their dependencies, all or none',
    tag: 'tasks',
    access: 'token',
    params: byId,
    body: CreateTasks,
    status: 201,
    response: list(Task),
  }),
  listTasks: route({
    method: 'get',
    path: '/projects/:id/tasks',
    summary: 'The project’s tasks in order of creation; those of a pipeline only with pipelineId',
    tag: 'tasks',
    access: 'token',
    params: byId,
    query: TasksQuery,
    status: 200,
    response: page(Task),
  }),
  acceptTasks: route({
    method: 'post',
    path: '/projects/:id/tasks/accept',
    summary: 'Accept drafts, by default all of them',
    tag: 'tasks',
    access: 'token',
    params: byId,
    body: AcceptTasks,
    status: 200,
    response: list(Task),
  }),
  reviseTasks: route({
    method: 'post',
    path: '/projects/:id/tasks/revise',
    summary: 'Ask the agent, in the main thread, to revise drafts; by default all of them',
    tag: 'tasks',
    access: 'token',
    params: byId,
    body: ReviseTasks,
    status: 202,
    response: Message,
  }),
  getTask: route({
    method: 'get',
    path: '/tasks/:id',
    summary: 'One task',
    tag: 'tasks',
    access: 'token',
    params: byId,
    status: 200,
    response: Task,
  }),
  updateTask: route({
    method: 'patch',
    path: '/tasks/:id',
    summary: 'Change a draft’s text, or the edges and priority of a task that has not started',
    tag: 'tasks',
    access: 'token',
    params: byId,
    body: UpdateTask,
    status: 200,
    response: Task,
  }),
  acceptTask: taskMove('accept', 'Accept a draft: it starts as soon as its prerequisites and limits allow'),
  dismissTask: taskMove('dismiss', 'Discard a task and its changes'),
  cancelTask: taskMove('cancel', 'Stop a task; its checkpoints are kept'),
  retryTask: taskMove('retry', 'Start a failed or cancelled task again'),
  applyTask: route({
    method: 'post',
    path: '/tasks/:id/apply',
    summary: 'Bring a task’s work into the main version, unapplied prerequisites first',
    tag: 'tasks',
    access: 'token',
    params: byId,
    status: 200,
    response: list(Task),
  }),
  getPlans: route({
    method: 'get',
    path: '/tasks/:id/plans',
    summary: 'The versions of a task’s plan, oldest first, the present one last',
    tag: 'tasks',
    access: 'token',
    params: byId,
    status: 200,
    response: list(PlanVersion),
  }),
  getDiff: route({
    method: 'get',
    path: '/tasks/:id/diff',
    summary: 'What a task changed',
    tag: 'tasks',
    access: 'token',
    params: byId,
    query: DiffQuery,
    status: 200,
    response: Diff,
    text: true,
  }),
  getLog: route({
    method: 'get',
    path: '/tasks/:id/log',
    summary: 'The work log: every tool call',
    tag: 'tasks',
    access: 'token',
    params: byId,
    query: PageQuery,
    status: 200,
    response: page(Step),
  }),
  getChecks: route({
    method: 'get',
    path: '/tasks/:id/checks',
    summary: 'Runs of the check command, newest first, with main’s own result',
    tag: 'tasks',
    access: 'token',
    params: byId,
    query: PageQuery,
    status: 200,
    response: page(CheckRun),
  }),
  getCheckpoints: route({
    method: 'get',
    path: '/tasks/:id/checkpoints',
    summary: 'The commits after each iteration, oldest first',
    tag: 'tasks',
    access: 'token',
    params: byId,
    query: PageQuery,
    status: 200,
    response: page(Checkpoint),
  }),
  listPipelines: route({
    method: 'get',
    path: '/tasks/:id/pipelines',
    summary: 'The pipelines that a task’s agent started',
    tag: 'pipelines',
    access: 'token',
    params: byId,
    query: PageQuery,
    status: 200,
    response: page(Pipeline),
  }),
  listThreadPipelines: route({
    method: 'get',
    path: '/threads/:id/pipelines',
    summary: 'The pipelines that the agent of a thread started',
    tag: 'pipelines',
    access: 'token',
    params: byId,
    query: PageQuery,
    status: 200,
    response: page(Pipeline),
  }),
  getPipeline: route({
    method: 'get',
    path: '/pipelines/:id',
    summary: 'One pipeline with its tasks; its picture with Accept: text/plain',
    tag: 'pipelines',
    access: 'token',
    params: byId,
    query: PipelineQuery,
    status: 200,
    response: Pipeline,
    text: true,
  }),
  projectUsage: route({
    method: 'get',
    path: '/projects/:id/usage',
    summary: 'What a project used of models, by day, task, pipeline or model',
    tag: 'usage',
    access: 'token',
    params: byId,
    query: UsageQuery,
    status: 200,
    response: ProjectUsage,
  }),
  getPrices: route({
    method: 'get',
    path: '/prices',
    summary: 'What models cost: the installation’s own prices, which come first, and the defaults',
    tag: 'usage',
    access: 'token',
    status: 200,
    response: PriceList,
  }),
  updatePrices: route({
    method: 'patch',
    path: '/prices',
    summary: 'Set prices of the installation’s own, or take them away with null',
    tag: 'usage',
    access: 'admin',
    body: UpdatePrices,
    status: 200,
    response: PriceList,
  }),
  listEvents: route({
    method: 'get',
    path: '/projects/:id/events',
    summary: 'The events after a number, in order',
    tag: 'events',
    access: 'token',
    params: byId,
    query: EventsQuery,
    status: 200,
    response: list(Event),
  }),
  opsOverview: route({
    method: 'get',
    path: '/ops/overview',
    summary: 'State of the installation',
    tag: 'ops',
    access: 'admin',
    status: 200,
    response: OpsOverview,
  }),
  opsWorkers: route({
    method: 'get',
    path: '/ops/workers',
    summary: 'The worker processes',
    tag: 'ops',
    access: 'admin',
    status: 200,
    response: list(OpsWorker),
  }),
  opsQueues: route({
    method: 'get',
    path: '/ops/queues',
    summary: 'The queues and their job counts',
    tag: 'ops',
    access: 'admin',
    status: 200,
    response: list(OpsQueue),
  }),
  opsContainers: route({
    method: 'get',
    path: '/ops/containers',
    summary: 'The running task containers',
    tag: 'ops',
    access: 'admin',
    status: 200,
    response: list(OpsContainer),
  }),
} satisfies Record<string, Route>

export type Routes = typeof ROUTES
export type RouteName = keyof Routes

type Out<T> = T extends z.ZodType ? z.output<T> : undefined
type In<T> = T extends z.ZodType ? z.input<T> : undefined
type Field<R, K extends string> = R extends { [P in K]: infer T } ? T : undefined

/** What a route's handler gets, parsed. */
export type Params<K extends RouteName> = Out<Field<Routes[K], 'params'>>
export type Query<K extends RouteName> = Out<Field<Routes[K], 'query'>>
export type Body<K extends RouteName> = Out<Field<Routes[K], 'body'>>
/** What a client may send. */
export type BodyInput<K extends RouteName> = In<Field<Routes[K], 'body'>>
export type QueryInput<K extends RouteName> = In<Field<Routes[K], 'query'>>
/** What it answers. */
export type Answer<K extends RouteName> = Out<Field<Routes[K], 'response'>>
