import { z } from 'zod'
import { LIMITS } from '../domain/limits.ts'
import { Budget, Id, nonEmpty, Sha, Time, text } from './common.ts'
import { McpServers } from './mcp.ts'

const Command = text(LIMITS.project.commandChars)
/** `provider:model`, or `runbook`. */
export const ModelName = z
  .string()
  .max(200)
  .regex(
    /^[a-z][a-z-]*(:[^\s:][^\s]*)?$/,
    'must be provider:model, for example anthropic:claude-sonnet-4-5, or runbook',
  )

export const ProjectSettings = z
  .strictObject({
    model: ModelName,
    consultModel: ModelName.nullable(),
    /** Tasks of this project that run at once, within the organization's limit; null: only that. */
    maxParallel: z.int().min(1).max(LIMITS.project.maxParallelCeiling).nullable(),
    setupCommand: Command.nullable(),
    checkCommand: Command.nullable(),
    previewCommand: Command.nullable(),
    previewPort: z.int().min(1).max(65_535).nullable(),
    maxIterations: z.int().min(1).max(LIMITS.project.maxIterationsCeiling),
    /** For all its tasks and threads together. */
    budgetUsd: Budget.nullable(),
    /** Drafts are accepted as they are made, by the agent or by people. */
    autoAccept: z.boolean(),
    /** A task is applied as soon as it is ready, unless its checks failed or it is stale. */
    autoApply: z.boolean(),
    egress: z.array(nonEmpty(253)).max(LIMITS.project.egressHosts),
    mcpServers: McpServers,
  })
  .meta({ id: 'ProjectSettings' })
export type ProjectSettings = z.infer<typeof ProjectSettings>

/** What a new project gets where its creator says nothing. `model` comes from the installation. */
export const defaultSettings = (model: string): ProjectSettings => ({
  model,
  consultModel: null,
  maxParallel: null,
  setupCommand: null,
  checkCommand: null,
  previewCommand: null,
  previewPort: null,
  maxIterations: LIMITS.project.maxIterations,
  budgetUsd: null,
  autoAccept: false,
  autoApply: false,
  egress: [],
  mcpServers: {},
})

export const ProjectSource = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('empty') }),
  z.strictObject({ kind: z.literal('sample') }),
  z.strictObject({ kind: z.literal('git'), url: nonEmpty(LIMITS.project.urlChars) }),
])
export type ProjectSource = z.infer<typeof ProjectSource>

export const CreateProject = z
  .strictObject({
    name: nonEmpty(LIMITS.project.nameChars),
    source: ProjectSource.optional(),
    settings: ProjectSettings.partial().optional(),
  })
  .meta({ id: 'CreateProject' })
export type CreateProject = z.infer<typeof CreateProject>

export const UpdateProject = z
  .strictObject({
    name: nonEmpty(LIMITS.project.nameChars).optional(),
    settings: ProjectSettings.partial().optional(),
  })
  .meta({ id: 'UpdateProject' })
export type UpdateProject = z.infer<typeof UpdateProject>

export const Project = z
  .object({
    id: Id,
    slug: z.string(),
    name: z.string(),
    defaultBranch: z.string(),
    headSha: Sha,
    cloneUrl: z.string(),
    mainThreadId: Id,
    settings: ProjectSettings,
    createdAt: Time,
  })
  .meta({ id: 'Project' })
export type Project = z.infer<typeof Project>
