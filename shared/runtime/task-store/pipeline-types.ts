import type { TaskState } from '../../domain/task-state.ts'
import type { CallKey, Fence } from './types.ts'

export type PipelineState = 'running' | 'done' | 'failed' | 'cancelled'

/** A sub-agent's task as the call asks for it; `dependsOn` names others of the same call. */
export interface PipelineTask {
  name: string
  prompt: string
  dependsOn: readonly string[]
}

/** What came of a pipeline's task. */
export interface PipelineTaskOutcome {
  id: string
  name: string
  state: TaskState
  dependsOn: string[]
  /** Its agent's final message; null unless it is done. */
  output: string | null
  failure: { code: string; message: string } | null
  activeSeconds: number
  baseSha: string | null
  /** Its last checkpoint; of a done task its base where it changed nothing. */
  headSha: string | null
}

/** What came of a call's pipeline. */
export interface PipelineOutcome {
  id: string
  state: PipelineState
  finishedAt: Date | null
  /** In the order in which they were asked for. */
  tasks: PipelineTaskOutcome[]
}

/** The sub-agents that a run starts. Each method is one transaction. */
export interface PipelineStore {
  /**
   * Starts the sub-agents that a call asks for, unless it has, and parks the task until they have ended. False, and nothing is
   * changed, where they have already. Throws `Fenced`.
   */
  startPipeline(
    fence: Fence,
    call: CallKey,
    pipeline: { tasks: readonly PipelineTask[]; baseSha: string },
  ): Promise<boolean>
  /** What came of a call's pipeline so far; null where there is none. */
  pipelineOf(taskId: string, call: CallKey): Promise<PipelineOutcome | null>
  /** A pipeline's task has succeeded. False where an unread message keeps it from that. Throws `Fenced`. */
  childDone(fence: Fence, end: { headSha: string; output: string }): Promise<boolean>
}
