import type { TaskState } from '../../domain/task-state.ts'
import type { Fence } from './types.ts'

/** A task of the board that is not over, as an agent that plans needs to know it. */
export interface OpenTask {
  id: string
  number: number
  key: string
  title: string
  state: TaskState
  priority: number
  /** Numbers of its prerequisites. */
  dependsOn: number[]
}

/** What a run is shown beside, or instead of, its history. */
export interface ContextStore {
  /** The newest of the project's open tasks, by number. */
  openTasks(fence: Fence): Promise<OpenTask[]>
  /**
   * Lets a summary stand for all of the history but its first message and the last `keep`: from now on `load` gives it in their place.
   * The thread keeps everything. Throws `Fenced`.
   */
  summarize(fence: Fence, summary: { text: string; keep: number }): Promise<void>
}
