import { cutMiddle } from '../../../shared/domain/cut-middle.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'

/** Tools whose results have bounds of their own, and say how to get at the rest. */
const BOUNDED: readonly string[] = ['read_file', 'list_files', 'search', 'parallel', 'task']

/** A call's result as the model reads it: of a long output head and tail. The work log keeps it whole. */
export function forModel(tool: string, result: string): string {
  if (BOUNDED.includes(tool)) return result
  const { outputHeadBytes: headBytes, outputTailBytes: tailBytes } = LIMITS.tools
  return cutMiddle(result, { headBytes, tailBytes })
}
