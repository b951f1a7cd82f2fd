import { LIMITS } from '../../../shared/domain/limits.ts'
import type { CommandOutcome } from '../command.ts'
import { counted, size, tally } from '../text.ts'
import type { Tool } from './types.ts'

/** Runs a command. The result is its output and, as the last line, how it ended. */
export const bash: Tool<'bash'> = async ({ command, timeoutSeconds }, { runCommand }, onOutput) => {
  const timeout = Math.min(timeoutSeconds ?? LIMITS.tools.bashTimeoutSeconds, LIMITS.tools.bashMaxTimeoutSeconds)
  const outcome = await runCommand({
    command,
    timeoutSeconds: timeout,
    // For the work log; of this the worker shows the model less.
    headBytes: LIMITS.tools.loggedHeadBytes,
    tailBytes: LIMITS.tools.loggedTailBytes,
    onOutput,
  })
  const { output, exitCode } = outcome
  const lines = [...notices(outcome), ending(outcome, timeout)]
  const gap = output === '' || output.endsWith('\n') ? '' : '\n'
  return { text: `${output}${gap}${lines.join('\n')}`, exitCode }
}

function notices({ end, oom, strays }: CommandOutcome): string[] {
  const lines: string[] = []
  if (oom && end !== 'memory') lines.push('[a process of this command was killed: out of memory]')
  // What ran when the command was killed belongs to it; only after its own end was something left behind.
  if (strays.length > 0 && end === 'exit') {
    lines.push(`[killed ${counted(strays.length, 'process', 'processes')} left running: ${tally(strays)}]`)
  }
  return lines
}

function ending({ end, exitCode, ms }: CommandOutcome, timeout: number): string {
  if (end === 'timeout') return `[timed out after ${timeout}s]`
  if (end === 'flood') return `[killed: more than ${size(LIMITS.tools.outputCapBytes)} of output]`
  if (end === 'memory') return '[killed: out of memory]'
  return `[exit ${exitCode}, ${(ms / 1_000).toFixed(1)}s]`
}
