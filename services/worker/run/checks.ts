import { LIMITS } from '../../../shared/domain/limits.ts'
import { parseTestReport } from '../../../shared/domain/test-report.ts'
import { truncateUtf8 } from '../../../shared/domain/utf8.ts'
import type { CheckRecord } from '../../../shared/runtime/task-store/types.ts'
import type { Exec } from '../runner-link/types.ts'

/** Runs the check command in a container whose work tree is at `sha`; what it changes there is undone. */
export async function runCheck(exec: Exec, command: string, sha: string, signal: AbortSignal): Promise<CheckRecord> {
  const { timeoutSeconds, outputBytes } = LIMITS.checks
  const { exitCode, output, ms, timedOut, oom } = await exec(command, {
    timeoutSeconds,
    signal,
    maxOutputBytes: outputBytes,
    keepChanges: false,
    // It belongs to no call: what is shown live stands under the message of the calls' results.
    live: false,
  })
  const counts = parseTestReport(output)
  const notice = timedOut ? `\n[timed out after ${timeoutSeconds}s]` : oom ? '\n[killed: out of memory]' : ''
  return {
    command,
    sha,
    exitCode: exitCode === 0 && (timedOut || oom) ? 1 : exitCode,
    output: truncateUtf8(output, outputBytes) + notice,
    passed: counts?.passed ?? null,
    failed: counts?.failed ?? null,
    ms: Math.round(ms),
  }
}

/** The set-up command, before anything else; null when it worked, else what went wrong. */
export async function runSetup(exec: Exec, command: string, signal: AbortSignal): Promise<string | null> {
  const { setupTimeoutSeconds: timeoutSeconds } = LIMITS.checks
  const options = { timeoutSeconds, signal, keepChanges: true, live: false }
  const { exitCode, output, timedOut } = await exec(command, options)
  if (exitCode === 0 && !timedOut) return null
  return `The set-up command \`${command}\` ${timedOut ? `timed out after ${timeoutSeconds} s` : `ended with exit code ${exitCode}`}:\n${output}`
}
