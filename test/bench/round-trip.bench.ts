import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { openRunner } from '../../services/worker/runner-link/open-runner.ts'
import type { Exec } from '../../services/worker/runner-link/types.ts'
import { defaultSandboxLimits } from '../../services/worker/sandbox/create-options.ts'
import { createSandbox } from '../../services/worker/sandbox/sandbox.ts'
import type { Container } from '../../services/worker/sandbox/types.ts'
import type { Turn } from '../../shared/contract/runner.ts'
import { docker } from '../support/servers.ts'
import { type Bench, bench, inTurns } from './measure.ts'

const log = { info: () => {}, warn: () => {} }

/** A command in a task's container through its runner, by itself and as an iteration with its checkpoint, beside `docker exec`. */
await bench('round-trip', async ({ stage, row }) => {
  const sandbox = createSandbox({
    docker: docker(),
    image: stage.servers.sandboxImage,
    installation: `bench-${randomUUID()}`,
    log,
  })
  const { container, exec, iterate } = await openContainer(sandbox, stage)
  const baseline = () => dockerExec(container)
  const command = async () => {
    const began = performance.now()
    const { exitCode } = await exec('true', { timeoutSeconds: 10 })
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}`)
    return performance.now() - began
  }
  const commands = await inTurns(60, { slipway: command, baseline }, { withinMs: 8_000 })
  row('Command in the container, there and back', 'ms', commands, 'docker exec')
  const iterations = await inTurns(40, { slipway: iterate, baseline }, { withinMs: 8_000 })
  row('Iteration with one command and a checkpoint', 'ms', iterations, 'docker exec')
})

async function openContainer(sandbox: ReturnType<typeof createSandbox>, stage: Bench['stage']) {
  const { signal } = new AbortController()
  const taskId = randomUUID()
  const container = await sandbox.start({ taskId, epoch: 1, worker: 'bench', limits: defaultSandboxLimits() }, signal)
  stage.onEnd(() => container.remove())
  let answer = (_turn: Turn) => {}
  let asked = (_exec: Exec) => {}
  let iteration = 0
  const request = () =>
    new Promise<Exec>(resolve => {
      asked = resolve
    })
  const opened = request()
  const runner = await openRunner(container, {
    base: { sha: null, bundle: null },
    open: { taskId, epoch: 1, title: 'A task', iteration: 0 },
    signal,
    log,
    handlers: {
      async next(request, bundle, exec) {
        iteration = request.iteration
        if (bundle) for await (const _ of bundle);
        const turn = new Promise<Turn>(resolve => {
          answer = resolve
        })
        // The request is complete; what follows is the worker's turn.
        setImmediate(() => asked(exec))
        return turn
      },
      call: async () => '',
      output: () => {},
    },
  })
  stage.onEnd(() => runner.close())
  const exec = await opened
  const iterate = async () => {
    const began = performance.now()
    const next = request()
    const args = { command: `echo ${began} > file.txt` }
    answer({
      kind: 'calls',
      iteration,
      calls: [{ index: 0, id: String(iteration), name: 'bash', args, where: 'container' }],
    })
    await next
    return performance.now() - began
  }
  return { container, exec, iterate }
}

async function dockerExec({ id }: Container): Promise<number> {
  const began = performance.now()
  const exec = await docker()
    .getContainer(id)
    .exec({ Cmd: ['true'], AttachStdout: true, AttachStderr: true })
  const stream = await exec.start({ hijack: true, stdin: false })
  stream.resume()
  await new Promise(resolve => stream.once('end', resolve))
  while ((await exec.inspect()).Running) await pause(1)
  return performance.now() - began
}
