import {
  CONTAINER_TOOLS,
  type ContainerToolName,
  isContainerTool,
  isReadingTool,
  parseToolArgs,
} from '../../../shared/contract/tools.ts'
import { errorResult, ToolError } from '../tool-error.ts'
import { bash } from './bash.ts'
import { editFile } from './edit-file.ts'
import { listFiles } from './list-files.ts'
import { readFile } from './read-file.ts'
import { search } from './search.ts'
import type { OnOutput, RunTool, Tool, ToolAnswer, ToolDeps } from './types.ts'
import { writeFile } from './write-file.ts'

export type { OnOutput, RunTool, Tool, ToolAnswer, ToolDeps, ToolOutcome } from './types.ts'

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

/** The same tools for a run that may only look: whatever would change the work tree is answered with an error. */
export function readingOnly(runTool: RunTool): RunTool {
  return async (call, onOutput) => {
    if (!isContainerTool(call.name) || isReadingTool(call.name)) return runTool(call, onOutput)
    const refusal = new ToolError(`${call.name} is not available here: the project may only be read. Read and propose.`)
    return { text: errorResult(refusal), ms: 0 }
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
