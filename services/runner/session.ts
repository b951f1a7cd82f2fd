import { createReadStream } from 'node:fs'
import {
  ALIVE_EVERY_MS,
  type OpenParams,
  RESULT_CHARS,
  type RunnerCall,
  type Turn,
  type WorkerMessage,
} from '../../shared/contract/runner.ts'
import type { Channel } from './channel.ts'
import type { RunCommand } from './command.ts'
import { createLiveOutput } from './live-output.ts'
import { runLoop } from './loop.ts'
import { clip, storable } from './text.ts'
import { type RunTool, readingOnly, type ToolOutcome } from './tools/index.ts'
import type { Checkpoint, Workspace } from './workspace.ts'

export type SessionDeps = {
  channel: Channel
  workspace: Workspace
  runTool: RunTool
  runCommand: RunCommand
  aliveEveryMs?: number
}

type Exec = Extract<WorkerMessage, { type: 'exec' }>

/** The worker asked for the end; what waits for it stops here. */
class Closed extends Error {}

/**
 * One task from `open` to `close`: writes out the base, runs the loop, then serves the worker's commands.
 * @throws what breaks the protocol, and `WorkerGone` when the stream ends
 */
export async function runSession(deps: SessionDeps): Promise<void> {
  const { channel, workspace, runTool, runCommand } = deps
  let requests = 0
  let readOnly = false

  const passOutput = (text: string) => void channel.send({ type: 'output', text })

  /** Tells the worker now and then that work goes on. */
  async function busy<T>(work: () => Promise<T>): Promise<T> {
    const timer = setInterval(() => void channel.send({ type: 'alive' }), deps.aliveEveryMs ?? ALIVE_EVERY_MS)
    try {
      return await work()
    } finally {
      clearInterval(timer)
    }
  }

  async function execute({ id, command, timeoutSeconds, maxOutputBytes, keepChanges }: Exec): Promise<void> {
    const outcome = await busy(async () => {
      const live = createLiveOutput(passOutput)
      const half = Math.floor(maxOutputBytes / 2)
      try {
        return await runCommand({ command, timeoutSeconds, headBytes: half, tailBytes: half, onOutput: live.push })
      } finally {
        live.end()
        if (!keepChanges && !readOnly) await workspace.restore()
      }
    })
    const { exitCode, output, ms, end, oom } = outcome
    await channel.send({
      type: 'executed',
      id,
      exitCode,
      output: storable(output),
      ms,
      timedOut: end === 'timeout',
      oom,
    })
  }

  /** Waits for the answer to request `id` and does meanwhile what the worker asks for. Without an id it serves until the end. */
  async function answer<T extends 'turn' | 'answer'>(
    type: T,
    id: number,
  ): Promise<Extract<WorkerMessage, { type: T }>> {
    for (;;) {
      const message = await channel.receive()
      if (message.type === 'close') throw new Closed()
      if (message.type === 'exec') await execute(message)
      else if (message.type === type && 'id' in message && message.id === id) {
        return message as Extract<WorkerMessage, { type: T }>
      } else throw new Error(`${message.type} came where ${type} ${id} was expected`)
    }
  }

  async function next(iteration: number, saved: Checkpoint): Promise<Turn> {
    const id = requests++
    const { ref, bundle, note, problem } = saved
    await channel.send({
      type: 'next',
      id,
      iteration,
      ...(ref && { checkpoint: ref }),
      ...(note && { note: storable(note) }),
      ...(problem && { problem: storable(problem) }),
    })
    if (bundle) await channel.sendBytes(createReadStream(bundle, { highWaterMark: 256 * 1024 }))
    return (await answer('turn', id)).turn
  }

  async function call(index: number): Promise<void> {
    const id = requests++
    await channel.send({ type: 'call', id, index })
    await answer('answer', id)
  }

  async function result(of: RunnerCall, { text, ms, exitCode }: ToolOutcome): Promise<void> {
    await channel.send({
      type: 'result',
      index: of.index,
      id: of.id,
      text: clip(storable(text), RESULT_CHARS),
      ms,
      ...(exitCode !== undefined && { exitCode }),
    })
  }

  async function runCall(call: RunnerCall): Promise<ToolOutcome> {
    const live = createLiveOutput(passOutput)
    const run = readOnly ? readingOnly(runTool) : runTool
    try {
      return await run(call, live.push)
    } finally {
      live.end()
    }
  }

  async function open(): Promise<OpenParams> {
    const message = await channel.receive()
    if (message.type !== 'open') throw new Error(`${message.type} came where open was expected`)
    readOnly = message.readOnly === true
    const bundle = message.bundle ? channel.receiveBytes() : null
    const files = await busy(() => workspace.open(message.base, bundle, { readOnly }))
    await channel.send({ type: 'opened', id: message.id, files })
    return message
  }

  async function serve(): Promise<never> {
    for (;;) {
      const message = await channel.receive()
      if (message.type === 'close') throw new Closed()
      if (message.type !== 'exec') throw new Error(`${message.type} came after the end of the loop`)
      await execute(message)
    }
  }

  try {
    const { iteration } = await open()
    await runLoop({
      first: iteration,
      worker: { next, call, result },
      runTool: of => busy(() => runCall(of)),
      checkpoint: async message => (readOnly ? {} : busy(() => workspace.checkpoint(message))),
    })
    await serve()
  } catch (error) {
    if (!(error instanceof Closed)) throw error
  }
}
