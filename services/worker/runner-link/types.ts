import type { Readable } from 'node:stream'
import type { CheckpointRef, OpenParams, Turn } from '../../../shared/contract/runner.ts'
import type { Container } from '../sandbox/types.ts'
import type { Deadlines } from './deadlines.ts'
import type { CallResult } from './turn.ts'

export type ExecOptions = {
  timeoutSeconds: number
  /** Ends the runner and its container when it aborts. */
  signal?: AbortSignal
  /** Keeps head and tail of a longer output; 64 KiB unless given, at most 512 KiB. */
  maxOutputBytes?: number
  /** Leaves what the command changed in the work tree, for the next checkpoint; true unless given. Else only ignored files stay. */
  keepChanges?: boolean
  /** Passes its output on while it runs; true unless given. */
  live?: boolean
}

/** `exitCode` as bash gives it: 128 + signal, 124 when it timed out. Output and figures are what the runner says. */
export type ExecResult = { exitCode: number; output: string; ms: number; timedOut: boolean; oom: boolean }

export type Exec = (command: string, options: ExecOptions) => Promise<ExecResult>

/** What a runner hands over when it asks for the next turn. */
export type NextRequest = {
  /** The iteration that is asked for; the first is `open.iteration`. */
  iteration: number
  /** The outcomes of the turn before, one for each of its calls, in order; empty at the first. */
  results: CallResult[]
  /** What the work tree became, if it changed; its bundle comes beside it. `parent` is the last checkpoint, or the base. */
  checkpoint?: CheckpointRef
  /** Why the changed work tree could not be saved; the last result tells the model too. */
  problem?: string
}

/** What the worker does for the runner. What a handler throws ends the runner and is what `finished` rejects with. */
export type RunnerHandlers = {
  /**
   * Stores results and checkpoint and decides how to go on. `bundle` has to be read to its end when it is there. `exec` runs a
   * command in the container meanwhile, once the bundle has been read.
   */
  next(request: NextRequest, bundle: Readable | null, exec: Exec): Promise<Turn>
  /** Runs a call of the turn that has `where: 'worker'`; the text is its result. `exec` runs a command in the container meanwhile. */
  call(index: number, exec: Exec): Promise<string>
  /** Live output of the call or command under way. */
  output(chunk: string): void
}

export type OpenRunnerOptions = {
  /** The commit to start from with a bundle that holds it; both null for an empty tree. */
  base: { sha: string | null; bundle: Readable | null }
  open: OpenParams
  signal: AbortSignal
  log: { info(data: object, event: string): void; warn(data: object, event: string): void }
  handlers: RunnerHandlers
  deadlines?: Partial<Deadlines>
}

export type Runner = {
  /** Files in the work tree when it was opened, as the runner says. */
  files: number
  /** Runs a command: after the loop, or inside `next` (there given as its argument). One at a time. */
  exec: Exec
  /** The loop has ended because a turn said stop. Rejects with what ended it otherwise; the container is then gone. */
  finished: Promise<void>
  /** Ends the runner and removes its container; once more does nothing. */
  close(): Promise<void>
}

export type OpenRunner = (container: Container, options: OpenRunnerOptions) => Promise<Runner>
