import {
  CONTAINER_TOOLS,
  type ContainerToolName,
  isContainerTool,
  parseToolArgs,
  type ToolArgs,
} from '../../../shared/contract/tools.ts'
import type { RunCommand } from '../command.ts'
import type { Git } from '../git.ts'
import { errorResult, ToolError } from '../tool-error.ts'
import { bash } from './bash.ts'
import { editFile } from './edit-file.ts'
import { listFiles } from './list-files.ts'
import { readFile } from './read-file.ts'
import { search } from './search.ts'
import { writeFile } from './write-file.ts'

/** What tools work with. */
export type ToolDeps = {
  /** The work tree, absolute. */
  root: string
  /** git over the work tree, in the runner's own repository. */
  git: Git
  runCommand: RunCommand
}
export type OnOutput = (chunk: Buffer) => void
/** The text for the model; `exitCode` only of `bash`. */
export type ToolAnswer = { text: string; exitCode?: number }
export type Tool<Name extends ContainerToolName> = (
  args: ToolArgs<Name>,
  deps: ToolDeps,
  onOutput: OnOutput,
) => Promise<ToolAnswer>
export type ToolOutcome = ToolAnswer & { ms: number }
export type RunTool = (call: { name: string; args: unknown }, onOutput?: OnOutput) => Promise<ToolOutcome>

const TOOLS: { [Name in ContainerToolName]: Tool<Name> } = {
  bash,
  read_file: readFile,
  write_file: writeFile,
  edit_file: editFile,
  list_files: listFiles,
  search,
}

/** Makes the function that runs a call. It never throws: whatever goes wrong is a result that starts with `Error:`. */
export function createTools(deps: ToolDeps): RunTool {
  return async ({ name, args }, onOutput = () => {}) => {
    const began = performance.now()
    const answer = await run(deps, name, args, onOutput).catch(error => ({ text: errorResult(error) }))
    return { ...answer, ms: Math.round(performance.now() - began) }
  }
}

async function run(deps: ToolDeps, name: string, args: unknown, onOutput: OnOutput): Promise<ToolAnswer> {
  if (!isContainerTool(name)) {
    throw new ToolError(`there is no tool ${JSON.stringify(name)} here. Use one of ${CONTAINER_TOOLS.join(', ')}.`)
  }
  return runNamed(deps, name, args, onOutput)
}

async function runNamed<Name extends ContainerToolName>(
  deps: ToolDeps,
  name: Name,
  args: unknown,
  onOutput: OnOutput,
): Promise<ToolAnswer> {
  const parsed = parseToolArgs(name, args)
  if (!parsed.ok) return { text: parsed.error }
  return TOOLS[name](parsed.args, deps, onOutput)
}
