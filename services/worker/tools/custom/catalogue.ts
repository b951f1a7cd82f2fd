import {
  CUSTOM_TOOLS_FOLDER,
  CustomToolAnswer,
  CustomToolManifest,
  type CustomToolRequest,
  type FoundManifest,
  MCP_TOOL_PREFIX,
} from '../../../../shared/contract/custom-tool.ts'
import { isToolName } from '../../../../shared/contract/tools.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import type { Exec } from '../../runner-link/types.ts'
import { argumentsCheck, type CheckArguments } from '../json-schema.ts'

/** A tool of the project that can be used. */
export interface CustomTool extends CustomToolManifest {
  check: CheckArguments
}

/** What lies in the project: tools by name, and manifests that are none, with the reason. */
export interface Found {
  tools: ReadonlyMap<string, CustomTool>
  broken: readonly { file: string; problem: string }[]
}

/** The project's tools as they lie in the work tree of one run. */
export interface Catalogue {
  /** What was read last; nothing before that. */
  found(): Found
  /** Reads the manifests anew. What they say is hostile: whatever is wrong with one breaks no more than that one. */
  read(exec: Exec): Promise<Found>
  /** Writes a manifest, for a new tool the script too, and takes it in. Refused: why, in words for the model. */
  change(exec: Exec, request: ToolChange): Promise<{ script: string; ignored: boolean } | { refused: string }>
}

export type ToolChange = Exclude<CustomToolRequest, { do: 'list' }>

/** The program in the sandbox image that looks after the manifests. */
const PROGRAM = 'node /opt/slipway/services/runner/custom-tools/main.ts'
/** Linux takes no argument of 128 KiB or more, and the command is one. */
const REQUEST_BYTES = 120 * 1024
const NOTHING: Found = { tools: new Map(), broken: [] }

export function createCatalogue(): Catalogue {
  let found = NOTHING

  async function ask(exec: Exec, request: CustomToolRequest, prelude = ''): Promise<CustomToolAnswer | null> {
    const command = `${prelude}${PROGRAM} <<'REQUEST'\n${JSON.stringify(request)}\nREQUEST`
    if (Buffer.byteLength(command) > REQUEST_BYTES) return { kind: 'refused', reason: 'the tool is too large' }
    const { output, exitCode } = await exec(command, {
      timeoutSeconds: LIMITS.customTools.readTimeoutSeconds,
      maxOutputBytes: 512 * 1024,
      live: false,
    })
    if (exitCode === 0 && output === '') return null
    return readAnswer(output) ?? { kind: 'refused', reason: 'the work tree could not be looked at' }
  }

  async function read(exec: Exec): Promise<Found> {
    // Most projects have none, and a shell knows that sooner than node has started.
    const answer = await ask(exec, { do: 'list' }, `[ -e ${CUSTOM_TOOLS_FOLDER} ] || exit 0\n`)
    if (answer?.kind === 'list') found = sortOut(answer)
    else if (answer === null) found = NOTHING
    else found = { tools: new Map(), broken: [{ file: CUSTOM_TOOLS_FOLDER, problem: reasonOf(answer) }] }
    return found
  }

  return {
    found: () => found,
    read,
    async change(exec, request) {
      const answer = await ask(exec, request)
      if (answer?.kind !== 'done')
        return { refused: answer ? reasonOf(answer) : 'the work tree could not be looked at' }
      await read(exec)
      return { script: answer.script, ignored: answer.ignored }
    },
  }
}

/**
 * What keeps a tool of this name and these parameters from being used, in words; null where nothing does.
 * @param name matches the names of custom tools
 */
export function problemOf({ name, parameters }: Pick<CustomToolManifest, 'name' | 'parameters'>): string | null {
  if (isToolName(name)) return `${name} is the name of a built-in tool`
  if (name.startsWith(MCP_TOOL_PREFIX)) return `names that begin with ${MCP_TOOL_PREFIX} belong to MCP servers`
  const check = argumentsCheck(parameters)
  return check.ok ? null : check.problem
}

function sortOut({ found, left }: Extract<CustomToolAnswer, { kind: 'list' }>): Found {
  const tools = new Map<string, CustomTool>()
  const broken: { file: string; problem: string }[] = []
  for (const each of found) {
    const read = readManifest(each)
    if ('problem' in read) broken.push({ file: each.file, problem: read.problem })
    else tools.set(read.name, read)
  }
  if (left > 0) {
    const problem = `${left} more are left out: a project may have ${LIMITS.customTools.tools} tools`
    broken.push({ file: CUSTOM_TOOLS_FOLDER, problem })
  }
  return { tools, broken }
}

function readManifest({ file, manifest, problem }: FoundManifest): CustomTool | { problem: string } {
  if (problem !== undefined) return { problem }
  const parsed = CustomToolManifest.safeParse(manifest)
  if (!parsed.success) {
    const faults = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
    return { problem: faults.join('; ') }
  }
  const { name, parameters } = parsed.data
  if (file !== `${name}.json`) return { problem: `the tool ${name} must stand in ${name}.json` }
  const refused = problemOf({ name, parameters })
  if (refused !== null) return { problem: refused }
  const check = argumentsCheck(parameters)
  return check.ok ? { ...parsed.data, check: check.check } : { problem: check.problem }
}

function readAnswer(output: string): CustomToolAnswer | null {
  try {
    return CustomToolAnswer.parse(JSON.parse(output))
  } catch {
    return null
  }
}

const reasonOf = (answer: CustomToolAnswer): string =>
  answer.kind === 'refused' ? answer.reason : 'the work tree gave another answer than was asked for'
