import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type HistoryMessage, INTERRUPTED_RESULT, type ToolCall } from '../../../shared/contract/history.ts'
import type { Turn } from '../../../shared/contract/runner.ts'
import { isContainerTool } from '../../../shared/contract/tools.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { GitStoreError } from '../../../shared/runtime/git-store/errors.ts'
import type { Claim, StepRecord } from '../../../shared/runtime/task-store/types.ts'
import { RunnerViolation } from '../runner-link/errors.ts'
import type { Exec, NextRequest } from '../runner-link/types.ts'
import { askModel } from './ask.ts'
import type { RunDeps } from './deps.ts'
import { TaskFailure } from './failure.ts'
import { type Finish, finish } from './finish.ts'
import { REPLY_CUT } from './prompts.ts'
import { summarize } from './summary.ts'

/**
 * The agent's conversation as the worker keeps it: history, iterations and limits are decided here, whatever the runner says.
 * Every step is stored before the next is taken, so that another worker can go on from any of them.
 */
export interface Conversation {
  /** Answers the calls of a reply whose run was lost: nobody knows what became of them. */
  settleInterrupted(): Promise<void>
  /** Stores what the last turn brought and decides the next. */
  next(request: NextRequest, bundle: Readable | null, exec: Exec): Promise<Turn>
  /** The last checkpoint, or null where nothing was changed yet. */
  headSha(): string | null
}

export async function openConversation(
  deps: RunDeps,
  claim: Claim,
  baseSha: string,
  signal: AbortSignal,
): Promise<Conversation> {
  const { store, git } = deps
  const state = await store.load(claim)
  const { history } = state
  const { maxIterations } = claim.settings
  let pending: ToolCall[] = []
  /** Why the work tree of the last turn is in no checkpoint, though it changed. */
  let unsaved: string | null = null

  const lastCalls = (): ToolCall[] => {
    const last = history.at(-1)
    return last?.role === 'assistant' ? last.calls : []
  }

  async function storeTurn(request: NextRequest, bundle: Readable | null): Promise<void> {
    const { results, checkpoint } = request
    if (pending.length > 0) unsaved = request.problem ?? null
    if (checkpoint && bundle) {
      // Held in memory, so that it can be sent again when the API was away.
      const bytes = await buffer(bundle)
      const at = {
        taskId: claim.taskId,
        epoch: Number(claim.epoch),
        parent: state.headSha ?? baseSha,
        head: checkpoint.sha,
      }
      await git.receive(claim.projectId, at, bytes, signal).catch(refusedWork)
    }
    if (pending.length === 0) return
    const answered = new Map(results.map(result => [result.id, result]))
    const message: Extract<HistoryMessage, { role: 'tool' }> = {
      role: 'tool',
      results: pending.map(({ id, name, error }) => ({
        callId: id,
        name,
        text: error ?? answered.get(id)?.text ?? INTERRUPTED_RESULT,
      })),
    }
    const steps = pending.map((call, callIndex): StepRecord => {
      const result = answered.get(call.id)
      const text = call.error ?? result?.text ?? INTERRUPTED_RESULT
      return {
        callIndex,
        tool: call.name,
        summary: summarize(call),
        args: call.args ?? {},
        result: text,
        exitCode: result?.exitCode ?? null,
        ms: Math.round(result?.ms ?? 0),
      }
    })
    await store.endIteration(claim, {
      iteration: state.iteration,
      steps,
      results: message,
      checkpoint: checkpoint?.sha ?? null,
    })
    history.push(message)
    if (checkpoint) state.headSha = checkpoint.sha
    pending = []
  }

  /** Takes turns until one has calls for the runner, or the task is over. */
  async function decide(request: NextRequest, exec: Exec): Promise<Turn> {
    for (;;) {
      signal.throwIfAborted()
      history.push(...(await store.readMessages(claim)))
      const last = history.at(-1)
      if (last?.role === 'assistant' && last.calls.length === 0) {
        if (unsaved) throw new TaskFailure('work_not_saved', `Its last changes cannot be stored: ${unsaved}`)
        const finished = await finishWith(last.text, exec)
        if (finished.kind === 'ready') return { kind: 'stop' }
        history.push(...finished.told)
        state.checkFixes += finished.told.length
        continue
      }
      if (state.iteration >= maxIterations) {
        const message = `The agent made ${maxIterations} iterations, the most that the project allows, without finishing. Its work so far is kept; a message in the thread lets it go on.`
        throw new TaskFailure('iteration_limit', message)
      }
      const turn = await takeReply(request)
      if (turn) return turn
    }
  }

  async function takeReply(request: NextRequest): Promise<Turn | null> {
    const iteration = state.iteration + 1
    const reply = await askModel(deps, claim, { history, iteration }, signal)
    await store.storeReply(claim, iteration, reply, 0)
    state.iteration = iteration
    const { text, calls, providerMetadata } = reply
    history.push({ role: 'assistant', text, calls, ...(providerMetadata !== undefined && { providerMetadata }) })
    if (reply.failure) return { kind: 'stop' }
    if (calls.length === 0) {
      // Half an answer must not pass for the task's summary.
      if (reply.truncated) await tell(REPLY_CUT)
      return null
    }
    pending = calls.map((call, index) => refuse(call, index))
    const runnable = pending.filter(call => !call.error)
    if (runnable.length > 0) {
      return {
        kind: 'calls',
        iteration: request.iteration,
        calls: runnable.map(({ id, name, args }, index) => ({ index, id, name, args: args ?? {}, where: 'container' })),
      }
    }
    await storeTurn({ iteration: request.iteration, results: [] }, null)
    return null
  }

  async function tell(text: string): Promise<void> {
    await store.tell(claim, text)
    history.push({ role: 'user', text })
  }

  const finishWith = (output: string, exec: Exec): Promise<Finish> =>
    finish(
      deps,
      claim,
      { baseSha, headSha: state.headSha ?? baseSha, output, checkFixes: state.checkFixes, exec },
      signal,
    )

  return {
    headSha: () => state.headSha,

    async settleInterrupted() {
      pending = lastCalls()
      await storeTurn({ iteration: 0, results: [] }, null)
    },

    async next(request, bundle, exec) {
      await storeTurn(request, bundle)
      return decide(request, exec)
    },
  }
}

/** What the store says of the container's work: too much of it ends the task, what is forged or damaged ends the container. */
function refusedWork(error: unknown): never {
  if (!(error instanceof GitStoreError)) throw error
  if (error.code === 'too_large')
    throw new TaskFailure('work_too_large', `Its work cannot be stored: ${error.message}.`)
  if (error.code === 'bundle_rejected' || error.code === 'not_descendant') throw new RunnerViolation(error.message)
  throw error
}

/** The call as it stands in the results: with an error where it cannot be carried out. */
function refuse(call: ToolCall, index: number): ToolCall {
  if (call.error) return call
  if (!isContainerTool(call.name))
    return { ...call, error: `Error: there is no tool ${call.name} here. Use one of those that you were given.` }
  if (index < LIMITS.tools.callsPerIteration) return call
  return {
    ...call,
    error: `Error: at most ${LIMITS.tools.callsPerIteration} calls fit into one reply; call it again in the next.`,
  }
}
