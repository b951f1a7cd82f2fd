import { LIMITS } from '../../../shared/domain/limits.ts'
import type { CheckRecord } from '../../../shared/runtime/task-store/types.ts'
import { runCheck, runSetup } from '../run/checks.ts'
import { containerFor } from '../run/container.ts'
import type { RunDeps, VerifyRequest } from '../run/deps.ts'
import { RunnerLost, RunnerViolation } from '../runner-link/errors.ts'
import { openRunner } from '../runner-link/open-runner.ts'

type VerifyDeps = Pick<RunDeps, 'git' | 'sandbox' | 'log'>

/** As a shell tells of a command that was killed. */
const KILLED = 137

/**
 * Runs the check command on a commit in a container of its own. A set-up that fails counts as a failed check, and so do checks under
 * which the container is lost again and again: else they would be tried for ever, and nobody's work would get past them.
 */
export async function verify(deps: VerifyDeps, request: VerifyRequest, signal: AbortSignal): Promise<CheckRecord> {
  for (let losses = 1; ; losses++) {
    try {
      return await verifyOnce(deps, request, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof RunnerLost || error instanceof RunnerViolation)) throw error
      if (losses > LIMITS.engine.containerLosses) {
        const { command, sha } = request
        const output = `The container of the checks was lost ${losses} times in a row. The last time: ${error.message}.`
        return { command, sha, exitCode: KILLED, output, passed: null, failed: null, ms: 0 }
      }
    }
  }
}

async function verifyOnce(
  deps: VerifyDeps,
  { projectId, sha, command, setupCommand, identity }: VerifyRequest,
  signal: AbortSignal,
): Promise<CheckRecord> {
  const { container, bundle } = await containerFor(deps, { projectId, sha, identity }, signal)
  let result: CheckRecord | undefined
  const runner = await openRunner(container, {
    base: { sha, bundle },
    open: { taskId: identity.taskId, epoch: identity.epoch, title: 'checks', iteration: 0 },
    signal,
    log: deps.log,
    handlers: {
      async next(_request, _bundle, exec) {
        const problem = setupCommand && (await runSetup(exec, setupCommand, signal))
        result = problem
          ? { command, sha, exitCode: 1, output: problem, passed: null, failed: null, ms: 0 }
          : await runCheck(exec, command, sha, signal)
        return { kind: 'stop' }
      },
      call: async () => '',
      output: () => {},
    },
  })
  try {
    await runner.finished
  } finally {
    await runner.close()
  }
  if (!result) throw new Error('The runner ended without having run the checks.')
  return result
}
