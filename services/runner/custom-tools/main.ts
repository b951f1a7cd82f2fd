import { spawnSync } from 'node:child_process'
import { text } from 'node:stream/consumers'
import type { CustomToolAnswer, CustomToolRequest } from '../../../shared/contract/custom-tool.ts'
import { errorResult, ToolError } from '../tool-error.ts'
import { changeTool, listTools } from './files.ts'

/*
 * Looks after the manifests of the project's tools: one request as JSON on standard input, one answer on standard output. The
 * worker runs it as a command in the task's container.
 */

const ROOT = process.cwd()

/** Whether git leaves the path out, so that it would not stay. */
const isIgnored = (path: string): boolean =>
  spawnSync('git', ['check-ignore', '--quiet', '--', path], { cwd: ROOT, timeout: 5_000 }).status === 0

async function answer(request: CustomToolRequest): Promise<CustomToolAnswer> {
  try {
    return request.do === 'list' ? await listTools(ROOT) : await changeTool(ROOT, request, isIgnored)
  } catch (error) {
    const reason = error instanceof ToolError ? error.message : errorResult(error).replace(/^Error: /, '')
    return { kind: 'refused', reason: reason.slice(0, 1_900).toWellFormed() }
  }
}

process.stdout.write(JSON.stringify(await answer(JSON.parse(await text(process.stdin)))))
