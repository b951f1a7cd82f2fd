import type { ToolSpec } from '../../../shared/contract/history.ts'
import type { CallKey, Claim } from '../../../shared/runtime/task-store/types.ts'
import type { Exec } from '../runner-link/types.ts'
import type { StartProcess } from '../sandbox/types.ts'

/** Where a call stands that the worker answers. */
export interface ToolContext {
  claim: Claim
  /** The call's name in the journal: whatever comes of it is made at most once. */
  key: CallKey
  /** Number of the message that made the call, in the thread. */
  seq: number
  /** Milliseconds since that was stored. For a call that parks, the time that it took, over all the runs that it took. */
  sinceAsked(): number
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
  /** What it does lies in the container's work tree: its answer counts only together with the checkpoint that follows. */
  checkpointed?: boolean
  /** Arguments as the model gave them. An error of the model is a result; what is thrown breaks the run. */
  run(args: unknown, context: ToolContext): Promise<ToolOutcome>
}

/** How a call is carried out. */
export type Route =
  | { where: 'container'; name: string; args: unknown }
  | { where: 'worker'; tool: WorkerTool }
  | { where: 'nowhere'; error: string }

/** Where a run's container can be entered. */
export interface Place {
  exec: Exec
  /** Starts a process of its own in it, beside the runner. */
  startProcess: StartProcess
  signal: AbortSignal
}

/** Tools that come from elsewhere than this program, known only once the container is there. */
export interface ToolSource {
  open(place: Place): Promise<void>
  specs(): ToolSpec[]
  /** Null for a tool that is none of its. */
  route(name: string, args: unknown): Route | null
  close?(): Promise<void>
}

/** The tools of one run. What is not in it is neither offered nor carried out, whatever the model calls. */
export interface Toolbox {
  /** What the model is offered. */
  specs(): ToolSpec[]
  route(name: string, args: unknown): Route
  /** Looks what the project adds, once its container is there. */
  open(place: Place): Promise<void>
  /** Lets go of what it has opened. */
  close(): Promise<void>
}
