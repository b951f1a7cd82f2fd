import type { HistoryMessage, ModelReply, Usage } from '../../contract/history.ts'
import type { ProjectSettings } from '../../contract/project.ts'
import type { ApplyPhase, ReviseTasks, TaskDraft, UpdateTask } from '../../contract/task.ts'
import type { TurnMode } from '../../contract/thread.ts'
import type { ToolArgs } from '../../contract/tools.ts'
import type { Price } from '../../domain/prices.ts'
import type { TaskKind } from '../../domain/task-state.ts'
import type { Proposed } from './proposal-types.ts'

/** What a person or front end may do. Everything that is refused throws `Refused` and changes nothing. */
export interface TaskCommands {
  /**
   * Drafts of one project, all or none. Gives their ids in the order given. Refuses unknown keys, duplicates and cycles. Where the
   * project's `autoAccept` is set they are accepted at once.
   */
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
  /**
   * Appends a person's message, which wakes, steers or answers the agent, or makes a follow-up task of a done one. Gives the message's
   * id. `mode` counts in threads without a task.
   */
  postMessage(threadId: string, text: string, mode?: TurnMode): Promise<string>
  /** Changes a person's message that nobody has read yet; `illegal_state` where somebody has. */
  editMessage(threadId: string, messageId: string, text: string): Promise<void>
  /** Takes such a message back. */
  deleteMessage(threadId: string, messageId: string): Promise<void>
  /** Cancels the turn that is under way in a thread; `illegal_state` where none is. */
  stopThread(threadId: string): Promise<void>
  /** Asks in the main thread for other plans of the given drafts, or of all; gives the message's id. */
  revise(projectId: string, request: ReviseTasks): Promise<string>
  createThread(projectId: string, kind: 'main' | 'chat', title: string): Promise<string>
  /** A branch of a ready or failed task was pushed to: its checks no longer say anything about it. */
  branchPushed(projectId: string, branch: string, headSha: string): Promise<void>
  /** The branch of a task that was ready with the head `before` shows another commit. */
  branchFound(projectId: string, found: { branch: string; before: string | null; headSha: string }): Promise<void>
  /** The default branch moved without an apply. */
  headMoved(projectId: string, headSha: string): Promise<void>
}

export type { TurnMode } from '../../contract/thread.ts'
export type { Proposed, ProposedDraft } from './proposal-types.ts'

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
  /** Null for turns. */
  number: number | null
  title: string
  kind: TaskKind
  /** Of a turn; null for tasks. */
  mode: TurnMode | null
  pipelineId: string | null
  /** Of a pipeline's task: the work that it starts from, before its prerequisites' is merged into it. */
  pipelineBaseSha: string | null
  text: { description: string; plan: string; doneWhen: string }
  attempt: number
  /** Replies of this attempt that are stored already. */
  iterations: number
  model: string
  /** Null until the run has chosen and stored its base. */
  baseSha: string | null
  /** Last checkpoint, or null where there is none. */
  headSha: string | null
  /** The commit with which the task was ready before, where others have started on it. */
  readyHead: string | null
  settings: ProjectSettings
  defaultBranch: string
  slug: string
  /** The done task in whose thread this one was asked for; null where it follows none. */
  follows: FollowedTask | null
  /** Direct prerequisites in the order in which they were named, as they are now. */
  prerequisites: { id: string; title: string; headSha: string | null; output: string; activeSeconds: number }[]
}

/** A done task, for one that follows it. */
export interface FollowedTask {
  id: string
  number: number | null
  title: string
  description: string
  plan: string
  doneWhen: string
  output: string
  activeSeconds: number
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

/** Names the calls of one reply in the journal. */
export interface ReplyKey {
  attempt: number
  iteration: number
}

/** Names one call of a reply. Whatever comes of a call is made at most once. */
export interface CallKey extends ReplyKey {
  callIndex: number
}

/** The last reply, where its calls are not all answered. */
export interface OpenReply extends ReplyKey {
  /** Number of its message in the thread. */
  seq: number
  /** Milliseconds since it was stored. */
  ageMs: number
  /** The calls that are answered already. */
  journal: StepRecord[]
}

export interface IterationEnd extends ReplyKey {
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
  open: OpenReply | null
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
  /**
   * Stores the base; starts the thread with the prompt where it is empty. A turn has none: it begins with what it reads. `moved`: what
   * became of its earlier work as its base changed, as the commit that it goes on from (null: the base), and in words for it and for people.
   */
  open(
    fence: Fence,
    base: { baseSha: string; prompt: string | null; moved?: { headSha: string | null; told: string } | undefined },
  ): Promise<void>
  load(fence: Fence): Promise<RunState>
  /** Stores the answers to some calls of a reply, with the work that came of them; calls that have one keep it. */
  journal(fence: Fence, reply: ReplyKey, steps: StepRecord[], checkpoint?: string): Promise<void>
  /** Stores an iteration's results and checkpoint. Repeating it changes nothing. */
  endIteration(fence: Fence, end: IterationEnd): Promise<void>
  /**
   * Gives unread messages their place in the history; gives the texts. A turn reads up to the first message of another mode, and takes
   * note of the drafts that it is asked to revise.
   */
  readMessages(fence: Fence): Promise<HistoryMessage[]>
  /**
   * The answer to a call that asked the user: takes what people have said since as read, and journals the call with it, at once. Gives
   * the journalled result, also when asked again; null where nobody has said anything: park for `answer`.
   */
  readAnswer(fence: Fence, key: CallKey, step: (answers: string[]) => StepRecord): Promise<string | null>
  /**
   * What a turn proposes, journalled with what it changed, at once; gives the journalled result, also when asked again. `step` words
   * it. Throws `Refused`, with a path for each mistake, and then nothing was changed or journalled.
   */
  propose(
    fence: Fence,
    key: CallKey,
    args: ToolArgs<'propose_tasks'>,
    step: (proposed: Proposed) => StepRecord,
  ): Promise<string>
  /** Stores the model's reply as the next iteration and gives its number in the thread; one that says the task failed also ends the run. */
  storeReply(fence: Fence, iteration: number, reply: ModelReply, costUsd: number): Promise<number>
  /** Puts a message of the system into the history that the agent must react to. */
  tell(fence: Fence, text: string, progress?: { checkFixes: number }): Promise<void>
  /** Tells people something in the thread, once in an attempt however often it is said; the agent does not read it. */
  notice(fence: Fence, text: string): Promise<void>
  storeCheck(fence: Fence, check: CheckRecord, onMain: boolean): Promise<void>
  /** False where an unread message keeps it from being finished. */
  ready(fence: Fence, end: { headSha: string; branch: string; output: string }): Promise<boolean>
  /**
   * A turn's end; false where an unread message of its mode keeps it from ending. `headSha` is its commit where it has changed the
   * project: in build mode that goes into the line of applies with the same transaction; null lets the next turn begin on the newest
   * main. What waits in another mode starts the next turn, as soon as the work is part of main or was refused.
   */
  endTurn(fence: Fence, end: { headSha: string | null; output: string }): Promise<boolean>
  /** The task is about to fail, and its work stands on this branch. */
  left(fence: Fence, branch: string): Promise<void>
  fail(fence: Fence, failure: { code: string; message: string }): Promise<void>
  /** Back to the queue at its checkpoint. `broken` says what of ours did not work: that is counted, and fails the task in the end. */
  giveBack(fence: Fence, broken?: string): Promise<void>
  /** Gives the slot back until what it waits for is there: at `until` the reconciler wakes it, an answer is a message. */
  park(fence: Fence, waitingFor: Parked): Promise<void>
  /** Reserves the most that a reply can cost. Where no budget has room for it, the run may have ended: the task waits. */
  reserve(fence: Fence, request: MoneyRequest): Promise<Reservation>
  /** Drops what was reserved for a reply that did not come. */
  dropReservation(fence: Fence): Promise<void>
  /** Notes what a reply beside the conversation took, and drops what was reserved for it. */
  recordCall(fence: Fence, call: ModelCallRecord): Promise<void>
}

/** What a task waits for, without slot and container. */
export interface Parked {
  reason: 'answer' | 'budget' | 'pipeline' | 'provider'
  /** Ids of tasks: those of a pipeline, or the one whose budget it is. */
  waitingOn: string[]
  /** ISO 8601 time at which it goes on by itself. */
  until?: string
  /** Whose budget has no room. */
  budget?: 'task' | 'project'
}

export interface MoneyRequest {
  /** As estimated. */
  inputTokens: number
  price: Price
  /** Whether the task waits where a budget has no room; else that is only said. */
  parks: boolean
}

export type Reservation =
  /** `maxOutputTokens`: the reply must not have more, as the budget ends there. */
  | { kind: 'granted'; maxOutputTokens?: number }
  | { kind: 'parked'; message: string }
  | { kind: 'refused'; message: string }

/** What a reply took. */
export interface ModelCallRecord {
  purpose: 'reply' | 'consult' | 'summary'
  model: string
  usage: Usage
  costUsd: number
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
  kind: TaskKind
  title: string
  number: number | null
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
  /** The task and all that were asked for with it and stand behind it return to ready. `check`: what the merged tree's checks came to. */
  returnToReady(
    fence: LineFence,
    apply: ApplyItem,
    failure: { code: string; message: string },
    check?: CheckRecord,
  ): Promise<void>
  /**
   * Something of ours did not work. That is counted, and gives the line up until a pause is over, which grows with every break; in the end
   * the apply returns to ready as a refused one does.
   */
  applyBroke(fence: LineFence, apply: ApplyItem, reason: string): Promise<void>
  releaseLine(fence: LineFence): Promise<void>
  storeMainCheck(projectId: string, check: CheckRecord): Promise<void>
  mainCheck(projectId: string, sha: string, command: string): Promise<CheckRecord | null>
}
