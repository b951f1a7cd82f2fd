import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { LIMITS } from '../../shared/domain/limits.ts'
import { createOutputRing } from './output-ring.ts'
import type { Strays } from './strays.ts'
import { ToolError } from './tool-error.ts'

/** Linux takes no argument of 128 KiB or more. */
const ARGUMENT_BYTES = 128 * 1024 - 1
/** After everything is killed a pipe ends at once; a stuck one is not waited for longer. */
const PIPE_PATIENCE_MS = 1_000

/*
 * In the child, before the command: first to go when memory runs out, less urgent than the runner, and one pipe for
 * both outputs so that they keep their order.
 */
const PRELUDE = 'echo 1000 2>/dev/null >/proc/self/oom_score_adj; exec 2>&1; exec nice -n 5 /bin/bash -c "$0"'

export type CommandRequest = {
  command: string
  timeoutSeconds: number
  headBytes: number
  tailBytes: number
  /** Hears the output as it comes. */
  onOutput?: (chunk: Buffer) => void
}

/** How a command ended. `output` is cut in the middle as the request says, without the killed processes' last words. */
export type CommandOutcome = {
  output: string
  /** As bash would give it: 128 + signal for a command that a signal ended, 124 when it ran too long. */
  exitCode: number
  ms: number
  end: 'exit' | 'timeout' | 'flood' | 'memory'
  /** Some process of the command was killed for want of memory, also where the command itself went on. */
  oom: boolean
  /** Names of the processes that it left running and that were killed. */
  strays: string[]
}

export type CommandDeps = {
  cwd: string
  env: Record<string, string>
  strays: Strays
  readOomKills: () => Promise<number>
  /** Time between SIGTERM and SIGKILL. */
  graceMs?: number
  /** A command that has printed this much is killed. */
  capBytes?: number
}

/** Runs commands one at a time. */
export type RunCommand = (request: CommandRequest) => Promise<CommandOutcome>

/**
 * Makes the function that runs shell commands: each in a session of its own, without standard input, with a deadline (SIGTERM,
 * then SIGKILL) and a bounded output. When a command has ended, whatever still runs is killed.
 * @throws ToolError for a command that cannot be started
 */
export function createCommands(deps: CommandDeps): RunCommand {
  const { cwd, env, strays, readOomKills } = deps
  const { graceMs = LIMITS.tools.killGraceMs, capBytes = LIMITS.tools.outputCapBytes } = deps

  return async request => {
    if (Buffer.byteLength(request.command) > ARGUMENT_BYTES) {
      throw new ToolError('the command is too long. Write it to a file with write_file and run that file.')
    }
    if (request.command.includes('\u0000')) throw new ToolError('the command contains a NUL character. Leave it out.')

    const killsBefore = await readOomKills()
    const began = performance.now()
    const ring = createOutputRing(request.headBytes, request.tailBytes)
    let end = 'exit' as 'exit' | 'timeout' | 'flood'

    const child = spawn('/bin/bash', ['-c', PRELUDE, request.command], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const piped = new Promise<void>(resolve => child.stdout.once('close', resolve))
    const exited = new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve(code ?? 128 + signalNumber(signal)))
    })
    let kill: NodeJS.Timeout | undefined
    const timeout = setTimeout(() => {
      end = 'timeout'
      signalGroup(child, 'SIGTERM')
      kill = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs)
    }, request.timeoutSeconds * 1_000)
    child.stdout.on('data', (chunk: Buffer) => {
      ring.push(chunk)
      request.onOutput?.(chunk)
      if (ring.total() <= capBytes || end !== 'exit') return
      end = 'flood'
      signalGroup(child, 'SIGKILL')
    })

    let exitCode: number
    try {
      exitCode = await exited
    } finally {
      clearTimeout(timeout)
      clearTimeout(kill)
    }
    const ms = performance.now() - began
    const left = await strays.clear()
    await Promise.race([piped, patience(PIPE_PATIENCE_MS)])
    child.stdout.destroy()

    const oom = (await readOomKills()) > killsBefore
    return {
      output: ring.text(),
      exitCode: end === 'timeout' ? 124 : exitCode,
      ms,
      end: end === 'exit' && oom && exitCode !== 0 ? 'memory' : end,
      oom,
      strays: left,
    }
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (!child.pid) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The whole group has ended in the meantime.
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal ? (constants.signals[signal] ?? 0) : 0
}

function patience(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref())
}
