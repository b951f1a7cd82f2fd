import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { onTestFinished } from 'vitest'
import type { Deadlines } from '../../../../services/worker/runner-link/deadlines.ts'
import { openRunner } from '../../../../services/worker/runner-link/open-runner.ts'
import type { Exec, NextRequest, Runner } from '../../../../services/worker/runner-link/types.ts'
import { defaultSandboxLimits } from '../../../../services/worker/sandbox/create-options.ts'
import { createSandbox, type Sandbox } from '../../../../services/worker/sandbox/sandbox.ts'
import type { Container, SandboxLimits } from '../../../../services/worker/sandbox/types.ts'
import type { RunnerCall } from '../../../../shared/contract/runner.ts'
import { docker, sandboxImage } from '../../../support/servers.ts'
import { type Repository, repositoryWith } from '../../runner/support.ts'

export const silentLog = { info: () => {}, warn: () => {} }

/** A sandbox of an installation of its own, which removes what the test leaves. */
export function freshSandbox(): Sandbox {
  const sandbox = createSandbox({
    docker: docker(),
    image: sandboxImage(),
    installation: `test-${randomUUID()}`,
    log: silentLog,
  })
  onTestFinished(async () => {
    for (const { id } of await sandbox.list()) await sandbox.remove(id)
  })
  return sandbox
}

type Call = { name: string; args: unknown; where?: RunnerCall['where'] }

export const bash = (command: string, timeoutSeconds?: number): Call => ({
  name: 'bash',
  args: { command, ...(timeoutSeconds && { timeoutSeconds }) },
})

export type TaskOptions = {
  files?: Record<string, string>
  /** The calls of each turn; after the last the task stops. */
  turns?: Call[][]
  limits?: Partial<SandboxLimits>
  deadlines?: Partial<Deadlines>
  /** Instead of the end after the last turn. */
  beforeStop?: (exec: Exec) => Promise<void>
  call?: (index: number) => Promise<string>
  readOnly?: boolean
  /** Instead of the base's own. */
  bundle?: () => Readable
  signal?: AbortSignal
}

export type Task = {
  sandbox: Sandbox
  container: Container
  runner: Runner
  base: Repository
  /** What the runner asked for so far. */
  requests: NextRequest[]
  /** The results' texts of all turns so far, a list for each turn. */
  texts(): string[][]
  output(): string
}

/** A real container with a real runner, whose model says what the test wrote down. Checkpoints go into `base`. */
export async function startTask(options: TaskOptions = {}): Promise<Task> {
  const { files = { 'a.txt': 'hello\n' }, turns = [], limits, deadlines, beforeStop, signal, readOnly } = options
  const sandbox = freshSandbox()
  const base = await repositoryWith(files)
  const taskId = randomUUID()
  const abort = signal ?? new AbortController().signal
  const spec = { taskId, epoch: 1, worker: 'test', limits: { ...defaultSandboxLimits(), ...limits } }
  const container = await sandbox.start(spec, abort)
  const requests: NextRequest[] = []
  let output = ''
  const runner = await openRunner(container, {
    base: { sha: base.sha, bundle: options.bundle?.() ?? base.bundle() },
    open: { taskId, epoch: 1, title: 'A task', iteration: 0, ...(readOnly && { readOnly }) },
    signal: abort,
    log: silentLog,
    ...(deadlines && { deadlines }),
    handlers: {
      next: async (request, bundle, exec) => {
        if (bundle) await base.receive(bundle)
        requests.push(request)
        const calls = turns[request.iteration]
        if (!calls) {
          await beforeStop?.(exec)
          return { kind: 'stop' }
        }
        return {
          kind: 'calls',
          iteration: request.iteration,
          calls: calls.map((call, index) => ({
            index,
            id: `call-${request.iteration}-${index}`,
            where: 'container',
            ...call,
          })),
        }
      },
      call: options.call ?? (async () => 'answered'),
      output: chunk => {
        output += chunk
      },
    },
  })
  onTestFinished(() => runner.close())
  return {
    sandbox,
    container,
    runner,
    base,
    requests,
    texts: () => requests.slice(1).map(request => request.results.map(result => result.text)),
    output: () => output,
  }
}

/** Runs all turns and closes. @returns the results' texts, a list for each turn */
export async function runTurns(options: TaskOptions): Promise<string[][]> {
  const task = await startTask(options)
  await task.runner.finished
  await task.runner.close()
  return task.texts()
}
