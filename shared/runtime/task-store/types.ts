import type { HistoryMessage, ModelReply } from '../../contract/history.ts'
import type { ProjectSettings } from '../../contract/project.ts'
import type { ApplyPhase, TaskDraft, UpdateTask } from '../../contract/task.ts'

/** What a person or front end may do. Everything that is refused throws `Refused` and changes nothing. */
export interface TaskCommands {
  /** Drafts of one project, all or none. Gives their ids in the order given. Refuses unknown keys, duplicates and cycles. */
  createDrafts(projectId: string, drafts: readonly TaskDraft[]): Promise<string[]>
  /** Text of drafts; edges, priority and model of tasks that have not started. */
  update(taskId: string, change: UpdateTask): Promise<void>
  /** Accepts the given drafts, or all of the project; gives the ids of those accepted. */
  accept(projectId: string, taskIds?: readonly string[]): Promise<string[]>
  dismiss(taskId: string): Promise<void>
  cancel(taskId: string): Promise<void>
  retry(taskId: string): Promise<void>
  /** Puts the task and its unapplied prerequisites in the project's line; gives their ids, prerequisites first. */
  requestApply(taskId: string): Promise<string[]>
  /** Appends a person's message; starts a ready or failed task again with it. Gives the message's id. */
  postMessage(threadId: string, text: string): Promise<string>
  createThread(projectId: string, kind: 'main' | 'chat', title: string): Promise<string>
  /** A branch of a ready or failed task was pushed to: its checks no longer say anything about it. */
  branchPushed(projectId: string, branch: string, headSha: string): Promise<void>
  /** The default branch moved without an apply. */
  headMoved(projectId: string, headSha: string): Promise<void>
}

/** The right to write as one run of a task. Lost as soon as another run claims it or it leaves `active`. */
export interface Fence {
  taskId: string
  organizationId: string
  epoch: bigint
  worker: string
}

export interface Claim extends Fence {
  projectId: string
  threadId: string
  number: number
  title: string
  text: { description: string; plan: string; doneWhen: string }
  attempt: number
  model: string
  /** Null until the run has chosen and stored its base. */
  baseSha: string | null
  /** Last checkpoint, or null where there is none. */
  headSha: string | null
  settings: ProjectSettings
  defaultBranch: string
  slug: string
  /** Direct prerequisites in the order in which they were named, as they are now. */
  prerequisites: { id: string; title: string; headSha: string | null; output: string; activeSeconds: number }[]
}

export type ClaimResult =
  | { kind: 'claimed'; claim: Claim }
  /** A live lease holds it: ask again then. */
  | { kind: 'busy'; retryInMs: number }
  /** Nothing to do for this job: superseded, not runnable, or in line for a slot. */
  | { kind: 'refused'; reason: 'superseded' | 'state' | 'dependency' | 'slot' | 'failed' }

export interface StepRecord {
  callIndex: number
  tool: string
  summary: string
  args: unknown
  result: string
  exitCode: number | null
  ms: number
}

export interface IterationEnd {
  iteration: number
  steps: StepRecord[]
  /** The tool message that answers the reply's calls. */
  results: Extract<HistoryMessage, { role: 'tool' }>
  /** The new checkpoint, already kept by the git store. */
  checkpoint: string | null
}

export interface CheckRecord {
  command: string
  sha: string
  exitCode: number
  output: string
  passed: number | null
  failed: number | null
  ms: number
}

/** Where a run stands: all that is needed to go on with it on any worker. */
export interface RunState {
  history: HistoryMessage[]
  /** Replies that the current attempt has stored. */
  iteration: number
  checkFixes: number
  headSha: string | null
}

/** What a run may write. Each is one transaction and throws `Fenced` when the claim is gone; the attempt is counted. */
export interface RunStore {
  claim(taskId: string, jobNumber: bigint, worker: string): Promise<ClaimResult>
  /** Extends the lease. */
  renew(fence: Fence): Promise<void>
  /** Stores the base; starts the thread with the task's text where it is empty. */
  open(fence: Fence, base: { baseSha: string; prompt: string }): Promise<void>
  load(fence: Fence): Promise<RunState>
  /** Stores an iteration's results and checkpoint. Repeating it changes nothing. */
  endIteration(fence: Fence, end: IterationEnd): Promise<void>
  /** Gives unread messages their place in the history; gives the texts. */
  readMessages(fence: Fence): Promise<HistoryMessage[]>
  /** Stores the model's reply as the next iteration; one that says the task failed also ends the run. */
  storeReply(fence: Fence, iteration: number, reply: ModelReply, costUsd: number): Promise<void>
  /** Puts a message of the system into the history that the agent must react to. */
  tell(fence: Fence, text: string, progress?: { checkFixes: number }): Promise<void>
  storeCheck(fence: Fence, check: CheckRecord, onMain: boolean): Promise<void>
  /** False where an unread message keeps it from being finished. */
  ready(fence: Fence, end: { headSha: string; branch: string; output: string }): Promise<boolean>
  fail(fence: Fence, failure: { code: string; message: string }): Promise<void>
  /** Back to the queue at its checkpoint. `broken` says what of ours did not work: that is counted, and fails the task in the end. */
  giveBack(fence: Fence, broken?: string): Promise<void>
  /** Gives the slot back until what it waits for is there: at `until` the reconciler wakes it, an answer is a message. */
  park(
    fence: Fence,
    waitingFor: { reason: 'answer' | 'budget' | 'pipeline' | 'provider'; waitingOn: string[]; until?: string },
  ): Promise<void>
}

/** The right to work off a project's line of applies. */
export interface LineFence {
  projectId: string
  epoch: bigint
  worker: string
}

export interface ApplyItem {
  id: string
  taskId: string
  title: string
  number: number
  headSha: string
  output: string
  phase: ApplyPhase
  mainBefore: string | null
  mergeSha: string | null
}

export interface ApplyStore {
  /** Null while another worker's lease is live. */
  claimLine(
    projectId: string,
    worker: string,
  ): Promise<{ fence: LineFence; settings: ProjectSettings; defaultBranch: string } | { busyMs: number }>
  renewLine(fence: LineFence): Promise<void>
  /** The first of the line. */
  nextApply(fence: LineFence): Promise<ApplyItem | null>
  applyPhase(
    fence: LineFence,
    apply: ApplyItem,
    step: { phase: ApplyPhase; mainBefore?: string; mergeSha?: string },
  ): Promise<void>
  applied(fence: LineFence, apply: ApplyItem, end: { mergeSha: string | null; headSha: string }): Promise<void>
  /** The task and all that were asked for with it and stand behind it return to ready. */
  returnToReady(fence: LineFence, apply: ApplyItem, failure: { code: string; message: string }): Promise<void>
  releaseLine(fence: LineFence): Promise<void>
  storeMainCheck(projectId: string, check: CheckRecord): Promise<void>
  mainCheck(projectId: string, sha: string, command: string): Promise<CheckRecord | null>
}

export type TaskStore = TaskCommands & RunStore & ApplyStore
