import { CUSTOM_TOOLS_FOLDER } from '../../../../shared/contract/custom-tool.ts'
import { parseToolArgs, type ToolArgs } from '../../../../shared/contract/tools.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { specOf } from '../spec-of.ts'
import type { ToolContext, ToolOutcome, WorkerTool } from '../types.ts'
import { type Catalogue, type Found, problemOf, type ToolChange } from './catalogue.ts'

/** The tools that make and list the project's own. */
export function customToolTools(catalogue: Catalogue): WorkerTool[] {
  return [toolCreate(catalogue), toolRegister(catalogue), toolListCustom(catalogue)]
}

/** Writes a script and its manifest. */
function toolCreate(catalogue: Catalogue): WorkerTool {
  const { scriptBytes } = LIMITS.customTools
  return changing('tool_create', catalogue, args => {
    if (Buffer.byteLength(args.script) > scriptBytes) {
      return `the script is larger than ${scriptBytes} bytes. Write it with write_file and register it with tool_register.`
    }
    return { do: 'create', ...args }
  })
}

/** Writes the manifest for a script that is there. */
function toolRegister(catalogue: Catalogue): WorkerTool {
  return changing('tool_register', catalogue, args => ({ do: 'register', ...args }))
}

function changing<Name extends 'tool_create' | 'tool_register'>(
  name: Name,
  catalogue: Catalogue,
  requestOf: (args: ToolArgs<Name>) => ToolChange | string,
): WorkerTool {
  return {
    spec: specOf(name),
    checkpointed: true,
    async run(given, { exec }) {
      const parsed = parseToolArgs(name, given)
      if (!parsed.ok) return result(parsed.error)
      const request = requestOf(parsed.args)
      if (typeof request === 'string') return failed(request)
      const problem = problemOf(request)
      if (problem !== null) return failed(`${problem}. Correct it and call again.`)
      const changed = await catalogue.change(needed(exec), request)
      if ('refused' in changed) return failed(changed.refused)
      if (!catalogue.found().tools.has(request.name)) {
        const why = catalogue.found().broken.find(({ file }) => file === `${request.name}.json`)
        return failed(`the tool was written but cannot be used: ${why?.problem ?? 'it is not there'}.`)
      }
      const lost = `\n[git ignores ${CUSTOM_TOOLS_FOLDER}: add "!${CUSTOM_TOOLS_FOLDER}/" to .gitignore, or the tool is gone after this run]`
      return result(
        `The tool ${request.name} (${changed.script}) can be called from your next reply on.${changed.ignored ? lost : ''}`,
      )
    },
  }
}

/** Lists the project's tools as they lie there now. */
function toolListCustom(catalogue: Catalogue): WorkerTool {
  return {
    spec: specOf('tool_list_custom'),
    async run(given, { exec }) {
      const parsed = parseToolArgs('tool_list_custom', given)
      if (!parsed.ok) return result(parsed.error)
      return result(listed(await catalogue.read(needed(exec))))
    },
  }
}

function listed({ tools, broken }: Found): string {
  if (tools.size === 0 && broken.length === 0) {
    return '[the project has no tools of its own; tool_create and tool_register make them]'
  }
  const usable = [...tools.values()].map(
    ({ name, description, parameters, script }) =>
      `${name} (${script}): ${description}\n  arguments: ${JSON.stringify(parameters)}`,
  )
  const faulty = broken.map(({ file, problem }) => `[cannot be used: ${file}: ${problem}]`)
  return [...usable, ...faulty].join('\n')
}

/** These tools stand in no reply that is answered without a container. */
function needed(exec: ToolContext['exec']): NonNullable<ToolContext['exec']> {
  if (!exec) throw new Error('a tool of the project needs its container')
  return exec
}

const result = (text: string): ToolOutcome => ({ kind: 'result', text })
const failed = (why: string): ToolOutcome => result(`Error: ${why}`)
