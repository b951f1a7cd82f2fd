import type { HistoryMessage, ModelReply, ToolSpec } from '../../../shared/contract/history.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { contextTokens } from '../../../shared/domain/model-context.ts'
import { attempt } from './attempt.ts'
import { abortError, ModelRefused } from './errors.ts'
import {
  availableProviders,
  defaultModel,
  type KnownModel,
  knownModel,
  type ModelConfig,
  type ProviderName,
} from './model-name.ts'
import { languageModel, secretsOf } from './providers.ts'
import { createRedactor } from './redact.ts'
import { type RetryLimits, withRetries } from './retry.ts'
import { runbookReply } from './runbook/reply.ts'
import type { StallLimits } from './watch.ts'

/** A piece of the reply as it is written, or `reset`: forget the pieces so far, the reply starts over. */
export type Delta = { text: string } | { reset: true }

export type ModelRequest = {
  /** `provider:model`, or `runbook`. */
  model: string
  system: string
  history: readonly HistoryMessage[]
  tools: readonly ToolSpec[]
  signal: AbortSignal
  /** Tokens at which the provider is to cut the reply; absent: at its own limit. */
  maxOutputTokens?: number | undefined
  /** Must not throw. */
  onDelta?: (delta: Delta) => void
}

export type BrokerLimits = RetryLimits & StallLimits & { replyChars: number }

/** Anything like pino. Neither keys nor texts of a conversation are logged. */
export type BrokerLog = {
  debug: (fields: Record<string, unknown>, event: string) => void
  warn: (fields: Record<string, unknown>, event: string) => void
}

export type BrokerDeps = { config: ModelConfig; log: BrokerLog; timeouts?: Partial<BrokerLimits> }

export type Broker = {
  /**
   * One complete reply of a model to a history. Retries what may pass (limits, 5xx, cut and silent streams).
   * Throws ModelRefused, ModelLimited, ModelUnavailable (see errors.ts), or an AbortError.
   */
  reply: (request: ModelRequest) => Promise<ModelReply>
  /** Whether a model can be asked here, and if not, why. */
  knownModel: (name: string) => KnownModel
  /** The model of projects that name none. */
  defaultModel: () => string
  availableProviders: () => ProviderName[]
  /** How many tokens a model is taken to take in. */
  contextTokens: (name: string) => number
}

const MINUTE_MS = 60_000
const DEFAULTS: BrokerLimits = { ...LIMITS.model, totalMs: 30 * MINUTE_MS, replyChars: 16 * 1024 * 1024 }

/**
 * The way to every model: the remote ones through the AI SDK, one step at a time and without its retries, and
 * `runbook` in this process. Keys stay in here.
 */
export const createBroker = ({ config, log, timeouts }: BrokerDeps): Broker => {
  const limits = { ...DEFAULTS, ...timeouts }
  const redact = createRedactor(secretsOf(config))
  // The AI SDK's only switch for its warnings, which would go to the process's stderr, is this global.
  globalThis.AI_SDK_LOG_WARNINGS = false

  const reply = async (request: ModelRequest): Promise<ModelReply> => {
    const { model, system, history, tools, signal, maxOutputTokens, onDelta } = request
    const known = knownModel(config, model)
    if (!known.ok) throw new ModelRefused(known.message, { code: 'not_found' })
    if (signal.aborted) throw abortError(signal)
    const { provider, id } = known.ref
    if (provider === 'runbook') {
      const answer = runbookReply({ history, tools })
      if (answer.text !== '') onDelta?.({ text: answer.text })
      return answer
    }
    const startedAt = performance.now()
    const ask = async (_n: number, attemptSignal: AbortSignal) => {
      let shown = false
      const attempted = attempt({
        provider,
        model: fetch => languageModel(config, { provider, id }, fetch),
        system,
        history,
        tools,
        signal: attemptSignal,
        limits,
        maxOutputTokens,
        onText: text => {
          shown = true
          onDelta?.({ text })
        },
      })
      return attempted.catch((error: unknown) => {
        if (shown) onDelta?.({ reset: true })
        throw error
      })
    }
    const answer = await withRetries(ask, signal, {
      limits,
      redact,
      onRetry: event => log.warn({ model, ...event }, 'model.retry'),
    })
    const ms = Math.round(performance.now() - startedAt)
    log.debug({ model, ms, calls: answer.calls.length, ...answer.usage }, 'model.reply')
    return answer
  }

  return {
    reply,
    knownModel: name => knownModel(config, name),
    defaultModel: () => defaultModel(config),
    availableProviders: () => availableProviders(config),
    contextTokens: name => contextTokens(name, config.openaiCompatibleContextTokens),
  }
}
