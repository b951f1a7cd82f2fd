import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { EXEC_OUTPUT_BYTES, type RunnerMessage, type Turn } from '../../../shared/contract/runner.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import type { Container } from '../sandbox/types.ts'
import { DEADLINES, turnBudget } from './deadlines.ts'
import { drainStderr } from './drain-stderr.ts'
import { RunnerLost, RunnerViolation } from './errors.ts'
import { createTurnResults, type TurnResults } from './turn.ts'
import type { ExecOptions, ExecResult, NextRequest, OpenRunnerOptions, Runner } from './types.ts'
import { type Budget, createWire } from './wire.ts'

/** A busy runner says less than this between two answers; more is a flood. */
const CHATTER = 10_000
/** A container that has ended still has so long to deliver its last words, and the engine to say why it ended. */
const LAST_WORDS_MS = 2_000

type Spoken<T extends RunnerMessage['type']> = Extract<RunnerMessage, { type: T }>
type NextMessage = Spoken<'next'>

/**
 * Speaks with the runner in a started container: opens the task, answers its loop, runs commands. Everything that comes from
 * there is hostile: only the message that is due is taken, within its bounds and its time. Whatever ends the runner (a
 * violation, its death, a deadline, `signal`, a handler that throws) also removes the container.
 * @returns when the base is written out
 * @throws RunnerViolation, RunnerLost, the signal's reason, or what reading the bundle threw
 */
export async function openRunner(container: Container, options: OpenRunnerOptions): Promise<Runner> {
  const { base, open, signal, log, handlers } = options
  const deadlines = { ...DEADLINES, ...options.deadlines }
  const about = { taskId: open.taskId, epoch: open.epoch, container: container.id }
  const diagnostics = drainStderr(container.stderr)
  let closing = false
  let ended: Promise<Error> | null = null
  let requests = 0
  /** What the runner is doing: a command may be sent while it waits for us. */
  let state: 'busy' | 'waiting' = 'busy'
  let lastSha = base.sha
  /** What is running is none of the agent's business: its output is not shown. */
  let hidden = false

  const wire = createWire({
    stdin: container.stdin,
    stdout: container.stdout,
    silenceMs: deadlines.silence,
    onFail: error => {
      ended = end(error)
    },
  })
  const onAbort = () => wire.fail(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
  signal.addEventListener('abort', onAbort, { once: true })
  void container.exited.then(async () => {
    await delay(LAST_WORDS_MS, null, { ref: false })
    wire.fail(new RunnerLost('the runner ended', 'exited'))
  })

  /** Once, when the runner is over: finds out why, removes the container, and gives the error that callers see. */
  async function end(error: Error): Promise<Error> {
    signal.removeEventListener('abort', onAbort)
    const reason = await explain(error)
    if (!closing) {
      const { name, message } = reason
      log.warn({ ...about, error: name, message, stderr: diagnostics().slice(-2_000) }, 'runner.ended')
    }
    await container.remove().catch(failed => {
      log.warn({ ...about, message: String(failed) }, 'runner.container_not_removed')
    })
    return reason
  }

  async function explain(error: Error): Promise<Error> {
    if (closing || !(error instanceof RunnerLost) || error.reason !== 'exited') return error
    const exit = await Promise.race([container.exited, delay(LAST_WORDS_MS, null, { ref: false })])
    if (!exit) return error
    return new RunnerLost(`${error.message} with code ${exit.code ?? 'unknown'}`, 'exited', exit.oomKilled)
  }

  /** Ends the runner for any failure of `work`, and throws what really ended it. */
  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      wire.fail(error instanceof Error ? error : new Error(String(error)))
      throw await (ended as unknown as Promise<Error>)
    }
  }

  /** Waits for one of the messages that are due; passes on live output meanwhile. */
  async function expect<T extends RunnerMessage['type']>(types: readonly T[], budget: Budget): Promise<Spoken<T>> {
    for (let chatter = 0; chatter < CHATTER; chatter++) {
      const message = await wire.receive(budget)
      if (message.type === 'alive') continue
      if (message.type === 'output') {
        if (!hidden) handlers.output(message.text)
      } else if (message.type === 'failed') throw new RunnerLost(`the runner gave up: ${message.message}`, 'failed')
      else if ((types as readonly string[]).includes(message.type)) return message as Spoken<T>
      else throw new RunnerViolation(`${message.type} came where ${types.join(' or ')} was due`)
    }
    throw new RunnerViolation('the runner talks too much')
  }

  function answers(message: { id: number }, id: number): void {
    if (message.id !== id) throw new RunnerViolation('an answer to another request')
  }

  async function openTask(): Promise<number> {
    const budget = { ms: deadlines.open, phase: 'opening' }
    const id = requests++
    await wire.send({ type: 'open', id, ...open, base: base.sha, bundle: base.bundle !== null }, budget)
    if (base.bundle) await wire.sendBytes(base.bundle, LIMITS.frames.bundleBytes, budget)
    const opened = await expect(['opened'], budget)
    answers(opened, id)
    return opened.files
  }

  async function loop(): Promise<void> {
    let results: TurnResults = createTurnResults([])
    let budget: Budget = { ms: deadlines.checkpoint, phase: 'first request' }
    for (let iteration = open.iteration; ; iteration++) {
      const message = await runTurn(results, budget)
      if (message.iteration !== iteration)
        throw new RunnerViolation(`it asked for iteration ${message.iteration}, not ${iteration}`)
      const turn = await answerNext(message, results, budget)
      if (turn.kind === 'calls' && turn.iteration !== iteration)
        throw new RangeError(`a turn for iteration ${iteration} says ${turn.iteration}`)
      budget = { ms: 0, phase: 'tool calls' }
      if (turn.kind === 'calls') budget.ms = turnBudget(turn.calls, deadlines)
      await wire.send({ type: 'turn', id: message.id, turn }, { ms: deadlines.call, phase: 'taking a turn' })
      if (turn.kind === 'stop') break
      state = 'busy'
      results = createTurnResults(turn.calls)
    }
    wire.silence()
    state = 'waiting'
  }

  /** Takes the outcomes of a turn, running what the worker has to, until the runner asks for the next. */
  async function runTurn(results: TurnResults, budget: Budget): Promise<NextMessage> {
    for (;;) {
      const message = await expect(['result', 'call', 'next'], budget)
      if (message.type === 'next') return message
      if (message.type === 'result') {
        results.fromRunner(message)
        continue
      }
      const call = results.asked(message.index)
      wire.silence()
      const began = performance.now()
      state = 'waiting'
      const text = await handlers.call(call.index, exec)
      state = 'busy'
      results.fromWorker(call, text, Math.round(performance.now() - began))
      await wire.send({ type: 'answer', id: message.id }, budget)
    }
  }

  async function answerNext(message: NextMessage, collected: TurnResults, budget: Budget): Promise<Turn> {
    const { checkpoint, note, problem } = message
    const results = collected.complete()
    const last = results.at(-1)
    if (last && note) last.text += `\n${note}`
    if (last && problem)
      last.text += `\n[the work tree could not be saved: ${problem}. Put this right, or the work is lost]`
    const request: NextRequest = {
      iteration: message.iteration,
      results,
      ...(checkpoint && { checkpoint }),
      ...(problem && { problem }),
    }
    let bundle: Readable | null = null
    if (checkpoint) {
      if (open.readOnly) throw new RunnerViolation('a checkpoint of a work tree that may only be read')
      if (checkpoint.parent !== lastSha || checkpoint.sha === lastSha)
        throw new RunnerViolation('a checkpoint on another commit')
      lastSha = checkpoint.sha
      bundle = Readable.from(transfer(budget), { objectMode: false })
      // A runner that ends in the middle is told by `finished`, also when nobody reads this stream.
      bundle.on('error', () => {})
    } else {
      wire.silence()
      state = 'waiting'
    }
    try {
      const turn = await handlers.next(request, bundle, exec)
      if (bundle && !bundle.readableEnded) throw new Error('the checkpoint was not read to its end')
      return turn
    } finally {
      bundle?.destroy()
    }
  }

  async function* transfer(budget: Budget): AsyncGenerator<Uint8Array> {
    yield* wire.receiveBytes(LIMITS.frames.bundleBytes, budget)
    wire.silence()
    state = 'waiting'
  }

  async function exec(command: string, execOptions: ExecOptions): Promise<ExecResult> {
    const { timeoutSeconds, signal: abort, maxOutputBytes = 64 * 1024, keepChanges = true, live = true } = execOptions
    abort?.throwIfAborted()
    if (ended) throw await ended
    if (state !== 'waiting') throw new Error('the runner is at work: a command has to wait for the loop')
    state = 'busy'
    hidden = !live
    const stop = () => wire.fail(abort?.reason instanceof Error ? abort.reason : new Error('aborted'))
    abort?.addEventListener('abort', stop, { once: true })
    try {
      return await guarded(async () => {
        const budget = { ms: timeoutSeconds * 1_000 + deadlines.commandSlack, phase: 'a command' }
        const id = requests++
        const bounded = Math.min(maxOutputBytes, EXEC_OUTPUT_BYTES)
        await wire.send({ type: 'exec', id, command, timeoutSeconds, maxOutputBytes: bounded, keepChanges }, budget)
        const executed = await expect(['executed'], budget)
        answers(executed, id)
        wire.silence()
        state = 'waiting'
        const { exitCode, output, ms, timedOut, oom } = executed
        return { exitCode, output, ms, timedOut, oom }
      })
    } finally {
      hidden = false
      abort?.removeEventListener('abort', stop)
    }
  }

  async function close(): Promise<void> {
    closing = true
    wire.fail(new RunnerLost('the runner was closed', 'exited'))
    await ended
  }

  if (signal.aborted) onAbort()
  const files = await guarded(openTask).finally(() => base.bundle?.destroy())
  const finished = guarded(loop)
  finished.catch(() => {})
  return { files, exec, finished, close }
}
