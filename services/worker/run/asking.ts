import type { HistoryMessage } from '../../../shared/contract/history.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { contextBytes } from '../../../shared/domain/model-context.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import { followsBlocks } from '../models/model-name.ts'
import type { Exec } from '../runner-link/types.ts'
import type { Toolbox } from '../tools/types.ts'
import { askModel } from './ask.ts'
import { compacted, fitted, historyBytes, roomFor } from './compaction.ts'
import type { RunDeps } from './deps.ts'
import { TaskFailure } from './failure.ts'
import { cutNotice } from './notices.ts'
import { projectOverview } from './overview.ts'
import type { PaidReply } from './paid-reply.ts'
import { systemPrompt } from './system-prompts.ts'

/** Asks the model within what it can take in. */
export interface Asking {
  /** The reply, and the history as it goes on: shorter where its older part has become a summary. Throws what `askModel` does. */
  reply(
    asked: { history: HistoryMessage[]; iteration: number; exec: Exec },
    signal: AbortSignal,
  ): Promise<{ answer: PaidReply; history: HistoryMessage[] }>
}

export function createAsking(deps: RunDeps, claim: Claim, toolbox: Toolbox): Asking {
  const { model } = claim
  const contextTokens = deps.broker.contextTokens(model)
  let overview: string | null = null

  /** What a turn is told of the project, looked up once in its container. */
  async function overviewFor(exec: Exec, signal: AbortSignal): Promise<string | null> {
    if (claim.kind !== 'turn') return null
    const bytes = Math.min(LIMITS.overview.bytes, contextBytes(contextTokens) * LIMITS.overview.contextShare)
    overview ??= await projectOverview(exec, { tasks: await deps.store.openTasks(claim), bytes }, signal)
    return overview
  }

  return {
    async reply({ history: given, iteration, exec }, signal) {
      const tools = toolbox.specs()
      if (followsBlocks(model)) {
        const answer = await askModel(deps, claim, { system: '', history: given, iteration, tools }, signal)
        return { answer, history: given }
      }
      const system = systemPrompt(claim, { tools, overview: await overviewFor(exec, signal) })
      const ask = async (whole: readonly HistoryMessage[], bytes: number) => {
        const history = fitted(whole, bytes)
        if (historyBytes(history) < historyBytes(whole)) await deps.store.notice(claim, cutNotice(model, contextTokens))
        return askModel(deps, claim, { system, history, iteration, tools }, signal)
      }
      const shorter = async (history: HistoryMessage[], room: number) =>
        (await compacted(deps, claim, { history, room }, signal)) ?? history

      const room = roomFor(contextTokens, { system, tools })
      const history = historyBytes(given) > room ? await shorter(given, room) : given
      try {
        return { answer: await ask(history, room), history }
      } catch (error) {
        if (!(error instanceof TaskFailure && error.code === 'context_length')) throw error
        // The model takes in less than was thought.
        const less = Math.min(room, historyBytes(history)) / 2
        const rest = await shorter(history, less)
        return { answer: await ask(rest, less), history: rest }
      }
    },
  }
}
