import { z } from 'zod'
import { LIMITS } from '../domain/limits.ts'
import { BOARD_COLUMNS, TASK_STATES } from '../domain/task-state.ts'
import { Budget, Id, nonEmpty, Sha, Time, text } from './common.ts'
import { ModelName } from './project.ts'

const Priority = z.int().min(LIMITS.task.minPriority).max(LIMITS.task.maxPriority)
const Prerequisites = z.array(nonEmpty(LIMITS.task.keyChars)).max(LIMITS.task.dependsOn)

/** One draft of a batch. `key` names it within the batch and the project; `dependsOn` takes keys of the batch or ids. */
export const TaskDraft = z
  .strictObject({
    key: nonEmpty(LIMITS.task.keyChars),
    title: nonEmpty(LIMITS.task.titleChars),
    description: text(LIMITS.task.descriptionChars).default(''),
    plan: nonEmpty(LIMITS.task.planChars),
    doneWhen: text(LIMITS.task.doneWhenChars).default(''),
    dependsOn: Prerequisites.default([]),
    priority: Priority.default(0),
    model: ModelName.optional(),
    /** For the task and its sub-agents. */
    budgetUsd: Budget.nullish(),
  })
  .meta({ id: 'TaskDraft' })
export type TaskDraft = z.infer<typeof TaskDraft>

export const CreateTasks = z
  .strictObject({ tasks: z.array(TaskDraft).min(1).max(LIMITS.task.perBatch) })
  .meta({ id: 'CreateTasks' })
export type CreateTasks = z.infer<typeof CreateTasks>

/** Text and model of a draft; edges and priority of any task that has not started; the budget at any time before the end. */
export const UpdateTask = z
  .strictObject({
    title: nonEmpty(LIMITS.task.titleChars).optional(),
    description: text(LIMITS.task.descriptionChars).optional(),
    plan: nonEmpty(LIMITS.task.planChars).optional(),
    doneWhen: text(LIMITS.task.doneWhenChars).optional(),
    dependsOn: Prerequisites.optional(),
    priority: Priority.optional(),
    model: ModelName.optional(),
    budgetUsd: Budget.nullish(),
  })
  .meta({ id: 'UpdateTask' })
export type UpdateTask = z.infer<typeof UpdateTask>

export const AcceptTasks = z
  .strictObject({ taskIds: z.array(Id).min(1).max(1_000).optional() })
  .meta({ id: 'AcceptTasks' })
export type AcceptTasks = z.infer<typeof AcceptTasks>

/** What the agent should change in some drafts of a project, or in all. */
export const ReviseTasks = z
  .strictObject({
    instruction: nonEmpty(LIMITS.thread.messageChars),
    taskIds: z.array(Id).min(1).max(1_000).optional(),
  })
  .meta({ id: 'ReviseTasks' })
export type ReviseTasks = z.infer<typeof ReviseTasks>

export const BLOCKED_REASONS = ['dependency', 'slot', 'host', 'answer', 'budget', 'pipeline', 'provider'] as const
export const Blocked = z
  .object({
    reason: z.enum(BLOCKED_REASONS),
    waitingOn: z.array(Id),
    position: z.int().min(1).optional(),
    until: Time.optional(),
  })
  .meta({ id: 'Blocked' })
export type Blocked = z.infer<typeof Blocked>

export const APPLY_PHASES = ['queued', 'merging', 'resolving', 'verifying', 'swapping'] as const
export type ApplyPhase = (typeof APPLY_PHASES)[number]

const Usage = z.object({ inputTokens: z.int(), outputTokens: z.int(), costUsd: z.number() })

export const TaskStateName = z.enum(TASK_STATES)

export const Task = z
  .object({
    id: Id,
    /** Counted from 1 in its project; 0 for a pipeline's task. */
    number: z.int(),
    projectId: Id,
    threadId: Id,
    parentTaskId: Id.nullable(),
    pipelineId: Id.nullable(),
    /** The done task in whose thread this one was asked for. */
    followsTaskId: Id.nullable(),
    /** The thread in which the agent proposed it; null where a person wrote it. */
    proposedInThreadId: Id.nullable(),
    key: z.string(),
    title: z.string(),
    description: z.string(),
    plan: z.string(),
    doneWhen: z.string(),
    /** Number of the present text, from 1; former ones are given by `/plans`. */
    planVersion: z.int(),
    state: TaskStateName,
    column: z.enum(BOARD_COLUMNS),
    blocked: Blocked.nullable(),
    stale: z.boolean(),
    staleReason: z.string().nullable(),
    dependsOn: z.array(Id),
    dependents: z.array(Id),
    priority: z.int(),
    model: z.string(),
    branch: z.string().nullable(),
    baseSha: Sha.nullable(),
    headSha: Sha.nullable(),
    mergeSha: Sha.nullable(),
    output: z.string().nullable(),
    iterations: z.int(),
    /** The task's own replies. */
    usage: Usage,
    /** With those of its sub-agents, which is what counts against its budget. */
    usageTotal: Usage,
    budgetUsd: z.number().nullable(),
    checks: z
      .object({ status: z.enum(['passed', 'failed', 'stale']), passed: z.int().optional(), failed: z.int().optional() })
      .nullable(),
    apply: z.object({ phase: z.enum(APPLY_PHASES), position: z.int() }).nullable(),
    failure: z.object({ code: z.string(), message: z.string() }).nullable(),
    epoch: z.int(),
    attempt: z.int(),
    activeMs: z.int(),
    createdAt: Time,
    acceptedAt: Time.nullable(),
    startedAt: Time.nullable(),
    readyAt: Time.nullable(),
    finishedAt: Time.nullable(),
  })
  .meta({ id: 'Task' })
export type Task = z.infer<typeof Task>

/** A task's text as it is, or as it was while the task was a draft. */
export const PlanVersion = z
  .object({
    version: z.int(),
    title: z.string(),
    description: z.string(),
    plan: z.string(),
    doneWhen: z.string(),
    dependsOn: z.array(Id),
    current: z.boolean(),
    replacedBy: z.enum(['user', 'agent']).optional(),
    replacedAt: Time.optional(),
  })
  .meta({ id: 'PlanVersion' })
export type PlanVersion = z.infer<typeof PlanVersion>

export const DiffHunk = z.object({
  oldStart: z.int(),
  oldLines: z.int(),
  newStart: z.int(),
  newLines: z.int(),
  /** Each with its sign in front: ' ', '+', '-' or '\\'. */
  lines: z.array(z.string()),
})
export const DiffFile = z.object({
  path: z.string(),
  oldPath: z.string().optional(),
  status: z.enum(['added', 'modified', 'deleted', 'renamed']),
  additions: z.int(),
  deletions: z.int(),
  binary: z.boolean(),
  hunks: z.array(DiffHunk),
})
export type DiffFile = z.infer<typeof DiffFile>
export const Diff = z
  .object({ baseSha: Sha, headSha: Sha, files: z.array(DiffFile), truncated: z.boolean().optional() })
  .meta({ id: 'Diff' })
export type Diff = z.infer<typeof Diff>

export const Step = z
  .object({
    at: Time,
    tool: z.string(),
    summary: z.string(),
    ms: z.int(),
    exitCode: z.int().optional(),
    attempt: z.int(),
    iteration: z.int(),
    output: z.string(),
  })
  .meta({ id: 'Step' })
export type Step = z.infer<typeof Step>

export const CheckRun = z
  .object({
    command: z.string(),
    sha: Sha,
    exitCode: z.int(),
    output: z.string(),
    passed: z.int().optional(),
    failed: z.int().optional(),
    onMain: z.boolean(),
    merged: z.boolean().meta({ description: 'It ran on what an apply made of the task and the main version.' }),
    ms: z.int(),
    at: Time,
  })
  .meta({ id: 'CheckRun' })
export type CheckRun = z.infer<typeof CheckRun>

export const Checkpoint = z
  .object({ sha: Sha, attempt: z.int(), iteration: z.int(), at: Time })
  .meta({ id: 'Checkpoint' })
export type Checkpoint = z.infer<typeof Checkpoint>

/** A pipeline's task at its place in the drawing. */
export const PipelineNode = z.object({
  taskId: Id,
  name: z.string(),
  state: TaskStateName,
  /** Tasks before it on its longest chain. */
  layer: z.int(),
  /** Place within the layer, from 0, top down. */
  index: z.int(),
  /** Column, left to right, and row, top down: a layer is centred on the fullest one, so halves occur. */
  x: z.number(),
  y: z.number(),
})
export type PipelineNode = z.infer<typeof PipelineNode>

export const Pipeline = z
  .object({
    id: Id,
    /** The task whose agent called; null where that was in a thread without one. */
    taskId: Id.nullable(),
    /** The thread in which it called. */
    threadId: Id,
    /** The tool that it called. */
    kind: z.enum(['parallel', 'task']),
    state: z.enum(['running', 'done', 'failed', 'cancelled']),
    tasks: z.array(Task),
    view: z.string(),
    /** Ids of the tasks, column by column. */
    layers: z.array(z.array(Id)),
    nodes: z.array(PipelineNode),
    /** From a prerequisite to the task that waits for it. */
    edges: z.array(z.object({ from: Id, to: Id })),
    /** What its tasks used of models. */
    usage: Task.shape.usage,
    createdAt: Time,
    finishedAt: Time.nullable(),
  })
  .meta({ id: 'Pipeline' })
export type Pipeline = z.infer<typeof Pipeline>
