import type { CheckRecord } from '../../../shared/runtime/task-store/types.ts'
import { runCheck, runSetup } from '../run/checks.ts'
import type { RunDeps, VerifyRequest } from '../run/deps.ts'
import { openRunner } from '../runner-link/open-runner.ts'
import { defaultSandboxLimits } from '../sandbox/create-options.ts'

/** Runs the check command on a commit in a container of its own. A set-up that fails counts as a failed check. */
export async function verify(
  { git, sandbox, log }: Pick<RunDeps, 'git' | 'sandbox' | 'log'>,
  { projectId, sha, command, setupCommand, identity }: VerifyRequest,
  signal: AbortSignal,
): Promise<CheckRecord> {
  const bundle = await git.bundle(projectId, { want: sha, have: [] }, signal)
  const container = await sandbox.start({ ...identity, limits: defaultSandboxLimits() }, signal)
  let result: CheckRecord | undefined
  const runner = await openRunner(container, {
    base: { sha, bundle },
    open: { taskId: identity.taskId, epoch: identity.epoch, title: 'checks', iteration: 0 },
    signal,
    log,
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
