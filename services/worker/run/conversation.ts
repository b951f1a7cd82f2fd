import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { HistoryMessage } from '../../../shared/contract/history.ts'
import type { Turn } from '../../../shared/contract/runner.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { GitStoreError } from '../../../shared/runtime/git-store/errors.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import { followsBlocks } from '../models/model-name.ts'
import { RunnerViolation } from '../runner-link/errors.ts'
import type { Exec, NextRequest } from '../runner-link/types.ts'
import type { Toolbox, ToolOutcome } from '../tools/types.ts'
import { createAsking } from './asking.ts'
import type { RunDeps } from './deps.ts'
import { TaskFailure } from './failure.ts'
import { finish } from './finish.ts'
import type { Finish } from './finish-result.ts'
import { createOpenReply, type OpenReply, type RoutedCall, stepsOf } from './open-reply.ts'
import { REPLY_CUT } from './prompts.ts'
import { leaveBranch } from './publish.ts'
import { isStuck, repeatsIn, stuckMessage, withHints } from './repeats.ts'

/**
 * The agent's conversation as the worker keeps it: history, iterations and limits are decided here, whatever the runner says.
 * Every step is stored before the next is taken, so that another worker can go on from any of them.
 */
export interface Conversation {
  /**
   * Answers what the reply of a lost or parked run left open, before there is a container. False: the run has ended, the task waits.
   */
  settle(): Promise<boolean>
  /** Answers a call of the turn that the worker carries out; `index` is its place in the turn. */
  call(index: number, exec: Exec): Promise<string>
  /** Stores what the last turn brought and decides the next. */
  next(request: NextRequest, bundle: Readable | null, exec: Exec): Promise<Turn>
  /** The work as it was last stored. */
  sha(): string
  /** That of the last reply. */
  iteration(): number
}

export async function openConversation(
  deps: RunDeps,
  claim: Claim,
  { baseSha, toolbox }: { baseSha: string; toolbox: Toolbox },
  signal: AbortSignal,
): Promise<Conversation> {
  const { store, git } = deps
  const state = await store.load(claim)
  const asking = createAsking(deps, claim, toolbox)
  let { history } = state
  const maxIterations = claim.kind === 'pipeline' ? LIMITS.pipeline.maxIterations : claim.settings.maxIterations
  let reply: OpenReply | null = null
  /** Why the work tree of the last turn is in no checkpoint, though it changed. */
  let unsaved: string | null = null
  const sha = () => state.headSha ?? baseSha

  async function receive({ checkpoint }: NextRequest, bundle: Readable | null): Promise<string | undefined> {
    if (!checkpoint || !bundle) return undefined
    // Held in memory, so that it can be sent again when the API was away.
    const bytes = await buffer(bundle)
    const at = { taskId: claim.taskId, epoch: Number(claim.epoch), parent: sha(), head: checkpoint.sha }
    await git.receive(claim.projectId, at, bytes, signal).catch(refusedWork)
    return checkpoint.sha
  }

  async function carryOut({ call, key, route }: RoutedCall, exec: Exec | null): Promise<ToolOutcome & { ms: number }> {
    if (route.where !== 'worker') throw new Error(`${call.name} is no tool of the worker`)
    const open = reply!
    // What parks began in another run, perhaps.
    const began = route.tool.parks ? 0 : open.age()
    const context = { claim, key, seq: open.stored.seq, sinceAsked: open.age, sha: sha(), exec, signal }
    const outcome = await route.tool.run(call.args ?? {}, context)
    return { ...outcome, ms: open.age() - began }
  }

  /** Answers the calls that may end the run, one after the other. False: one of them has. */
  async function answerParking(open: OpenReply): Promise<boolean> {
    for (let next = open.nextParking(); next; next = open.nextParking()) {
      if (unsaved) {
        // The work tree would be gone with the container.
        open.answer(next.key.callIndex, { text: notParked(unsaved), ms: 0 })
        continue
      }
      const outcome = await carryOut(next, null)
      if (outcome.kind === 'parked') return false
      const step = open.answer(next.key.callIndex, outcome)
      await store.journal(claim, open.stored, [step], outcome.sha)
      if (outcome.sha) state.headSha = outcome.sha
    }
    return true
  }

  async function endReply(open: OpenReply, checkpoint: string | null): Promise<void> {
    const { steps, results } = open.end()
    const { attempt, iteration } = open.stored
    const told = followsBlocks(claim.model) ? results : withHints(history, results)
    await store.endIteration(claim, { attempt, iteration, steps, results: told, checkpoint })
    history.push(told)
    reply = null
    if (told === results) return
    const repeats = repeatsIn(history)
    if (isStuck(repeats)) throw new TaskFailure('stuck', stuckMessage(repeats))
  }

  /** Stores what the turn brought. False: a call of the reply has ended the run. */
  async function storeTurn(request: NextRequest, bundle: Readable | null): Promise<boolean> {
    const checkpoint = await receive(request, bundle)
    const open = reply
    if (!open) return true
    unsaved = request.problem ?? null
    const steps = stepsOf(open, request.results)
    if (open.nextParking()) await store.journal(claim, open.stored, steps, checkpoint)
    if (checkpoint) state.headSha = checkpoint
    if (!(await answerParking(open))) return false
    await endReply(open, checkpoint ? sha() : null)
    return true
  }

  /** Takes turns until one has calls for the runner, or the run is over. */
  async function decide(request: NextRequest, exec: Exec): Promise<Turn> {
    for (;;) {
      signal.throwIfAborted()
      history.push(...(await store.readMessages(claim)))
      const last = history.at(-1)
      // Whoever asked may have taken it back before it was read.
      const output = last === undefined ? '' : finalTextOf(last)
      if (output !== null) {
        if (unsaved) throw new TaskFailure('work_not_saved', `Its last changes cannot be stored: ${unsaved}`)
        const finished = await finishWith(output, exec)
        if (finished.kind === 'ready') return { kind: 'stop' }
        history.push(...finished.told)
        state.checkFixes += finished.told.length
        continue
      }
      if (state.iteration >= maxIterations) {
        const message = `The agent made ${maxIterations} iterations, the most that it may, without finishing.`
        const goOn = ' Its work so far is kept; a message in the thread lets it go on.'
        throw new TaskFailure('iteration_limit', claim.kind === 'pipeline' ? message : message + goOn)
      }
      const turn = await takeReply(request, exec)
      if (turn) return turn
    }
  }

  async function takeReply(request: NextRequest, exec: Exec): Promise<Turn | null> {
    const iteration = state.iteration + 1
    const asked = await asking.reply({ history, iteration, exec }, signal)
    const { answer } = asked
    history = asked.history
    if (answer.failure) await leaveBranch(deps, claim, sha(), signal)
    const seq = await store.storeReply(claim, iteration, answer, answer.costUsd)
    state.iteration = iteration
    const { text, calls, providerMetadata } = answer
    history.push({ role: 'assistant', text, calls, ...(providerMetadata !== undefined && { providerMetadata }) })
    if (answer.failure) return { kind: 'stop' }
    if (calls.length === 0) {
      // Half an answer must not pass for the task's summary.
      if (answer.truncated) await tell(REPLY_CUT)
      return null
    }
    reply = createOpenReply({ attempt: claim.attempt, iteration, seq, ageMs: 0, journal: [] }, calls, toolbox)
    if (reply.runnable.length > 0) {
      const turnCalls = reply.runnable.map(({ call, route }, index) =>
        route.where === 'container'
          ? { index, id: call.id, name: route.name, args: route.args, where: route.where }
          : { index, id: call.id, name: call.name, args: {}, where: 'worker' as const },
      )
      return { kind: 'calls', iteration: request.iteration, calls: turnCalls }
    }
    return (await storeTurn({ iteration: request.iteration, results: [] }, null)) ? null : { kind: 'stop' }
  }

  async function tell(text: string): Promise<void> {
    await store.tell(claim, text)
    history.push({ role: 'user', text })
  }

  const finishWith = (output: string, exec: Exec): Promise<Finish> =>
    finish(deps, claim, { baseSha, headSha: sha(), output, checkFixes: state.checkFixes, exec }, signal)

  return {
    sha,
    iteration: () => state.iteration,

    async settle() {
      const last = history.at(-1)
      if (!state.open || last?.role !== 'assistant') return true
      const open = createOpenReply(state.open, last.calls, toolbox)
      reply = open
      if (!(await answerParking(open))) return false
      await endReply(open, null)
      return true
    },

    async call(index, exec) {
      const routed = reply!.runnable[index]!
      const outcome = await carryOut(routed, exec)
      if (outcome.kind === 'parked') throw new Error(`${routed.call.name} may not end the run here`)
      const step = reply!.answer(routed.key.callIndex, outcome)
      const withCheckpoint = routed.route.where === 'worker' && routed.route.tool.checkpointed
      if (!withCheckpoint) await store.journal(claim, reply!.stored, [step])
      return outcome.text
    },

    async next(request, bundle, exec) {
      return (await storeTurn(request, bundle)) ? decide(request, exec) : { kind: 'stop' }
    },
  }
}

const notParked = (problem: string): string =>
  `Error: nothing was done, as your last changes cannot be stored: ${problem}. Remove what is too much and call again.`

/** What the store says of the container's work: too much of it ends the task, what is forged or damaged ends the container. */
function refusedWork(error: unknown): never {
  if (!(error instanceof GitStoreError)) throw error
  if (error.code === 'too_large')
    throw new TaskFailure('work_too_large', `Its work cannot be stored: ${error.message}.`)
  if (error.code === 'bundle_rejected' || error.code === 'not_descendant') throw new RunnerViolation(error.message)
  throw error
}

/** The agent's last words, where a message has them. */
const finalTextOf = (message: HistoryMessage): string | null =>
  message.role === 'assistant' && message.calls.length === 0 ? message.text : null
