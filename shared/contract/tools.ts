import { z } from 'zod'
import { LIMITS } from '../domain/limits.ts'
import type { TaskKind } from '../domain/task-state.ts'
import { nonEmpty, text } from './common.ts'
import { CUSTOM_TOOLS_FOLDER, customToolFields, ToolPath } from './custom-tool.ts'
import type { ToolSpec } from './history.ts'

const { tools, task, pipeline } = LIMITS

const path = ToolPath
const glob = z.string().min(1).max(tools.pathChars)

const Bash = z.strictObject({
  command: z.string().min(1).max(tools.commandChars),
  timeoutSeconds: z
    .number()
    .positive()
    .max(tools.bashMaxTimeoutSeconds)
    .optional()
    .describe(`${tools.bashTimeoutSeconds} unless given`),
})

const ReadFile = z.strictObject({
  path: path.min(1),
  offset: z.int().min(1).optional().describe('First line, counted from 1'),
  limit: z.int().min(1).max(tools.readLines).optional().describe(`Lines to read; ${tools.readLines} unless given`),
})

const WriteFile = z.strictObject({ path: path.min(1), content: z.string() })

const EditFile = z.strictObject({
  path: path.min(1),
  oldText: z.string().min(1).describe('Text as it stands in the file, once unless replaceAll'),
  newText: z.string(),
  replaceAll: z.boolean().optional(),
})

const ListFiles = z.strictObject({
  path: path.optional().describe('Folder to look in; the whole work tree unless given'),
  glob: glob.optional().describe('For example *.ts (at any depth) or src/**/*.test.ts'),
})

const Search = z.strictObject({
  pattern: z.string().min(1).max(tools.patternChars).describe('Regular expression (Perl syntax), matched line by line'),
  path: path.optional(),
  glob: glob.optional(),
})

/** Texts that are stored: Postgres keeps neither NUL characters nor halves of surrogate pairs. */
const stored = (schema: z.ZodString) => schema.refine(value => value.isWellFormed(), 'must be well-formed Unicode')
const name = stored(nonEmpty(task.keyChars))

const ProposeTasks = z
  .strictObject({
    tasks: z
      .array(
        z.strictObject({
          key: name.describe(
            'A new one makes a draft; key or id of a draft of yours, or of one that you are to revise, changes it',
          ),
          title: stored(nonEmpty(task.titleChars)),
          description: stored(text(task.descriptionChars)),
          plan: stored(nonEmpty(task.planChars)),
          doneWhen: stored(text(task.doneWhenChars)),
          dependsOn: z
            .array(name)
            .max(task.dependsOn)
            .optional()
            .describe(
              'Keys of these tasks or of your drafts, or task ids. Left out for a draft that is there: as it is',
            ),
          priority: z.int().min(task.minPriority).max(task.maxPriority).optional(),
        }),
      )
      .max(task.perBatch),
    remove: z.array(name).max(task.perBatch).optional().describe('Keys or ids of such drafts that are to be dropped'),
  })
  .refine(({ tasks, remove = [] }) => tasks.length + remove.length > 0, 'there is nothing to propose')

const noNul = (value: string) => !value.includes('\u0000')
const subAgentText = (maxLength: number) =>
  stored(z.string()).refine(noNul, 'must not contain a NUL character').meta({ minLength: 1, maxLength })

/** The limits stand in the schema for the model alone: `validatePipeline` holds calls against all of them and explains each. */
const Parallel = z.strictObject({
  tasks: z
    .array(
      z.strictObject({
        name: subAgentText(pipeline.nameChars).describe('Unique among these tasks'),
        prompt: subAgentText(pipeline.promptChars).describe(
          'All that the sub-agent is told, beside the outputs of the tasks that it depends on: it has not read your conversation',
        ),
        depends_on: z.array(z.string()).optional().describe('Names of the tasks that must be done before it starts'),
      }),
    )
    .meta({ minItems: pipeline.minTasks, maxItems: pipeline.maxTasks }),
})

/**
 * Every tool of the agent: who runs it, what the model reads of it, and its arguments. `container` tools run in the task's
 * container, `worker` tools are answered by the worker. Every result is plain text.
 */
export const AGENT_TOOLS = {
  bash: {
    where: 'container',
    description:
      'Runs a command with bash in the work tree, without a terminal or standard input. Answers with the output and a last line such as [exit 0, 0.4s]. Whatever still runs when the command ends is killed.',
    args: Bash,
  },
  read_file: {
    where: 'container',
    description:
      'Reads a text file. The path is relative to the work tree. Long files are read in pieces with offset and limit.',
    args: ReadFile,
  },
  write_file: {
    where: 'container',
    description: 'Writes a file, replacing it if it is there, and makes the folders that it needs.',
    args: WriteFile,
  },
  edit_file: {
    where: 'container',
    description:
      'Replaces a piece of text in a file. oldText must be in the file exactly once, unless replaceAll is set.',
    args: EditFile,
  },
  list_files: {
    where: 'container',
    description: 'Lists the files of the work tree, one path a line, without those that git ignores.',
    args: ListFiles,
  },
  search: {
    where: 'container',
    description:
      'Finds the lines that match a regular expression, as path:line:text, in the files that git does not ignore.',
    args: Search,
  },
  propose_tasks: {
    where: 'worker',
    description:
      'Proposes tasks with plans and dependencies, as drafts for the user to review, and revises or drops such drafts. All is done or nothing.',
    args: ProposeTasks,
  },
  parallel: {
    where: 'worker',
    description: `Runs ${pipeline.minTasks} to ${pipeline.maxTasks} tasks as sub-agents, independent ones at the same time, and answers with the outputs of all. Use it on your own, without being asked for it, whenever a request has several subtasks that do not need each other's intermediate steps:
- "Refactor module A and write tests for module B": two independent tasks.
- "Read all the config files, then update each one": one task that reads, then one for each file that depends on it.
- "Fix the bug, write a test for it, and update the changelog": the test depends on the fix, the changelog on nothing.
Do not use it for tightly coupled work whose parts must share one conversation, nor for a single task or what you do faster yourself.
Each sub-agent starts from your work tree as it is now, in a copy of its own, with your model and tools but without parallel, task, consult, ask_user and the tools that make tools; it works for at most ${pipeline.maxIterations} iterations. It starts when all tasks of its depends_on are done, on their changes, and reads their outputs (each up to ${task.outputBytes / 1024} KB). At most ${pipeline.maxDepth} tasks may stand on a chain of depends_on. If one fails, the whole pipeline stops: running tasks are cancelled, others skipped. The changes of all tasks that are done are merged into your work tree; you are told of conflicts.`,
    args: Parallel,
  },
  task: {
    where: 'worker',
    description: `Runs one sub-agent on a self-contained piece of work, in a copy of your work tree, and answers with its output; its changes are merged into your work tree. It has not read your conversation, so the prompt says all. It cannot start others or ask the user. Use it to keep long searches or side work out of your conversation; for several at once use parallel.`,
    args: z.strictObject({
      prompt: stored(nonEmpty(pipeline.promptChars)).describe('All that the sub-agent is told'),
    }),
  },
  consult: {
    where: 'worker',
    description: 'Asks a second model for its opinion.',
    args: z.strictObject({ question: z.string().min(1).max(pipeline.promptChars) }),
  },
  ask_user: {
    where: 'worker',
    description: 'Asks the user a question and waits for the answer.',
    args: z.strictObject({
      question: z.string().min(1).max(10_000),
      options: z.array(z.string().min(1).max(500)).min(1).max(20).optional(),
    }),
  },
  tool_create: {
    where: 'worker',
    description: `Creates a tool of the project from a script, or replaces it, for this and all later runs: a manifest and the script in ${CUSTOM_TOOLS_FOLDER}. The script is run in the work tree with the arguments as one JSON object on standard input; what it prints, and its exit code, are the answer. Begin it with a line such as #!/bin/bash or #!/usr/bin/env node. You can call the tool from your next reply on.`,
    args: z.strictObject({ ...customToolFields, script: z.string().min(1).max(tools.commandChars) }),
  },
  tool_register: {
    where: 'worker',
    description:
      'Makes a script that lies in the project a tool, for this and all later runs. It gets its arguments and gives its answer as one made with tool_create does.',
    args: z.strictObject({ ...customToolFields, path: path.min(1) }),
  },
  tool_list_custom: {
    where: 'worker',
    description: `Lists the project's own tools (${CUSTOM_TOOLS_FOLDER}) with their arguments, and says what is wrong with those that cannot be used. Reads them anew.`,
    args: z.strictObject({}),
  },
} as const satisfies Record<string, { where: 'container' | 'worker'; description: string; args: z.ZodType }>

export type ToolName = keyof typeof AGENT_TOOLS
export type ContainerToolName = {
  [Name in ToolName]: (typeof AGENT_TOOLS)[Name]['where'] extends 'container' ? Name : never
}[ToolName]
export type ToolArgs<Name extends ToolName> = z.infer<(typeof AGENT_TOOLS)[Name]['args']>

/** The names of all tools, container tools first. */
export const TOOL_NAMES = Object.keys(AGENT_TOOLS) as ToolName[]
/** The tools that run in the task's container. */
export const CONTAINER_TOOLS = TOOL_NAMES.filter(name => AGENT_TOOLS[name].where === 'container') as ContainerToolName[]

export const isToolName = (name: string): name is ToolName => Object.hasOwn(AGENT_TOOLS, name)
export const isContainerTool = (name: string): name is ContainerToolName =>
  isToolName(name) && AGENT_TOOLS[name].where === 'container'

const READING: readonly ToolName[] = ['read_file', 'list_files', 'search']
/** Whether a tool of the container only looks at the work tree. */
export const isReadingTool = (name: string): boolean => (READING as readonly string[]).includes(name)
/** Whether a run may only look at the project: a turn that plans. `toolsFor`, the runner and the git store hold it to that. */
export const onlyReads = (run: { kind: TaskKind; mode: 'plan' | 'build' | null }): boolean =>
  run.kind === 'turn' && run.mode === 'plan'
/** A sub-agent cannot start others, pause for a person or change the project's tools. */
const NOT_FOR_SUB_AGENTS: readonly ToolName[] = [
  'propose_tasks',
  'parallel',
  'task',
  'consult',
  'ask_user',
  'tool_create',
  'tool_register',
  'tool_list_custom',
]

/**
 * The tools of a run, by what it is. `mode` is that of a turn: one that plans can read, ask and propose, and nothing else.
 * `consult`: whether the project names a second model.
 */
export function toolsFor(run: { kind: TaskKind; mode: 'plan' | 'build' | null; consult: boolean }): ToolName[] {
  const consultable = (name: ToolName) => name !== 'consult' || run.consult
  if (run.kind === 'pipeline') return TOOL_NAMES.filter(name => !NOT_FOR_SUB_AGENTS.includes(name))
  if (onlyReads(run)) {
    return [...READING, 'propose_tasks', 'consult', 'ask_user'].filter(name =>
      consultable(name as ToolName),
    ) as ToolName[]
  }
  return TOOL_NAMES.filter(name => consultable(name) && (name !== 'propose_tasks' || run.kind === 'turn'))
}

/** The descriptions of the named tools for a model, in the order given. */
export function toolSpecs(names: readonly ToolName[] = TOOL_NAMES): ToolSpec[] {
  return names.map(name => {
    const { $schema: _, ...parameters } = z.toJSONSchema(AGENT_TOOLS[name].args, { io: 'input' })
    return { name, description: AGENT_TOOLS[name].description, parameters }
  })
}

const FAULT_CHARS = 500

/**
 * Checks the arguments of a call.
 * @returns the arguments, or an `Error:` text for the model that names each wrong argument
 */
export function parseToolArgs<Name extends ToolName>(
  name: Name,
  args: unknown,
): { ok: true; args: ToolArgs<Name> } | { ok: false; error: string } {
  const parsed = AGENT_TOOLS[name].args.safeParse(args)
  if (parsed.success) return { ok: true, args: parsed.data as ToolArgs<Name> }
  const faults = parsed.error.issues.slice(0, 10).map(issue => {
    const where = issue.path.length > 0 ? issue.path.join('.') : 'arguments'
    // It may name what the model made up, at any length.
    return `${where}: ${issue.message}`.slice(0, FAULT_CHARS).toWellFormed()
  })
  const known = Object.keys(AGENT_TOOLS[name].args.shape).join(', ') || 'none'
  return {
    ok: false,
    error: `Error: the arguments of ${name} are wrong: ${faults.join('; ')}. Its arguments are: ${known}. Correct them and call again.`,
  }
}
