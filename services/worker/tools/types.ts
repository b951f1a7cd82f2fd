import type { ToolSpec } from '../../../shared/contract/history.ts'
import type { CallKey, Claim } from '../../../shared/runtime/task-store/types.ts'
import type { Exec } from '../runner-link/types.ts'

/** Where a call stands that the worker answers. */
export interface ToolContext {
  claim: Claim
  /** The call's name in the journal: whatever comes of it is made at most once. */
  key: CallKey
  /** Number of the message that made the call, in the thread. */
  seq: number
  /** The work as it was last stored. */
  sha: string
  /** Runs a command in the task's container; null while there is none. */
  exec: Exec | null
  signal: AbortSignal
}

export type ToolOutcome =
  /** The call's answer; `sha` where the work is another from now on. */
  | { kind: 'result'; text: string; sha?: string }
  /** The run has ended: the task waits, and the call is asked for again when it goes on. */
  | { kind: 'parked' }

/** A tool that the worker answers. */
export interface WorkerTool {
  spec: ToolSpec
  /** Called when all else of its reply is answered, as it may end the run; without a container. */
  parks?: boolean
  /** Arguments as the model gave them. An error of the model is a result; what is thrown breaks the run. */
  run(args: unknown, context: ToolContext): Promise<ToolOutcome>
}

/** How a call is carried out. */
export type Route =
  | { where: 'container'; name: string; args: unknown }
  | { where: 'worker'; tool: WorkerTool }
  | { where: 'nowhere'; error: string }

/** The tools of one run. What is not in it is neither offered nor carried out, whatever the model calls. */
export interface Toolbox {
  /** What the model is offered. */
  specs(): ToolSpec[]
  route(name: string, args: unknown): Route
  /** Looks what the project adds, once its container is there. */
  open?(exec: Exec): Promise<void>
}
