import { RUNBOOK_MODEL } from './runbook/reply.ts'

/** Keys, addresses, sizes and the default model, as configured. A provider is there when its key (or base URL) is. */
export type ModelConfig = {
  /** `provider:model` or `runbook`; absent: see `defaultModel`. */
  defaultModel?: string | undefined
  anthropicApiKey?: string | undefined
  anthropicBaseUrl?: string | undefined
  openaiApiKey?: string | undefined
  openaiBaseUrl?: string | undefined
  googleApiKey?: string | undefined
  googleBaseUrl?: string | undefined
  openaiCompatibleBaseUrl?: string | undefined
  openaiCompatibleApiKey?: string | undefined
  /** What every model of that server takes in; absent: taken to be small. */
  openaiCompatibleContextTokens?: number | undefined
}

export const PROVIDERS = ['anthropic', 'openai', 'google', 'openai-compatible', 'runbook'] as const
export type ProviderName = (typeof PROVIDERS)[number]
export type ModelRef = { provider: ProviderName; id: string }
export type KnownModel = { ok: true; ref: ModelRef } | { ok: false; message: string }

/** Used where the installation names no model; `openai-compatible` servers have none that could be guessed. */
const FIRST_CHOICE = {
  anthropic: 'claude-sonnet-5-5',
  openai: 'gpt-5.6',
  google: 'gemini-pro-latest',
} as const

const EXAMPLES = 'for example anthropic:claude-sonnet-5-5, openai-compatible:qwen3-coder, or runbook'

const missing: Record<Exclude<ProviderName, 'runbook'>, (config: ModelConfig) => string | null> = {
  anthropic: config => (config.anthropicApiKey ? null : 'ANTHROPIC_API_KEY'),
  openai: config => (config.openaiApiKey ? null : 'OPENAI_API_KEY'),
  google: config => (config.googleApiKey ? null : 'GOOGLE_GENERATIVE_AI_API_KEY'),
  'openai-compatible': config => (config.openaiCompatibleBaseUrl ? null : 'OPENAI_COMPATIBLE_BASE_URL'),
}

/**
 * Whether this installation can ask the model `name`; if not, `message` tells a person what is wrong and what to do.
 * The part after the first colon is the provider's own name of the model and is not checked: providers add models
 * daily. `runbook` stands for `runbook:default`.
 */
export const knownModel = (config: ModelConfig, name: string): KnownModel => {
  const colon = name.indexOf(':')
  const provider = colon < 0 ? name : name.slice(0, colon)
  const id = colon < 0 ? '' : name.slice(colon + 1).trim()
  const known = PROVIDERS.find(each => each === provider)
  if (!known) {
    return { ok: false, message: `"${name}" names no known provider: say provider:model, ${EXAMPLES}.` }
  }
  if (known === 'runbook') {
    return id === '' || id === RUNBOOK_MODEL
      ? { ok: true, ref: { provider: 'runbook', id: RUNBOOK_MODEL } }
      : { ok: false, message: `There is only one runbook model: "runbook", not "${name}".` }
  }
  if (id === '') return { ok: false, message: `"${name}" lacks the model: say ${known}:model, ${EXAMPLES}.` }
  const setting = missing[known](config)
  return setting === null
    ? { ok: true, ref: { provider: known, id } }
    : { ok: false, message: `"${name}" cannot be used: this installation has no ${setting}. Set it and restart.` }
}

/**
 * Whether a model is the built-in one, which reads its steps off the whole of a conversation: it needs no prompt, takes in any length,
 * and does the same again only where it was told to.
 */
export const followsBlocks = (name: string): boolean => name.split(':')[0] === 'runbook'

/** The model of new projects: the configured one, else the first choice of the first provider with a key, else runbook. */
export const defaultModel = (config: ModelConfig): string => {
  if (config.defaultModel) return config.defaultModel
  for (const [provider, id] of Object.entries(FIRST_CHOICE)) {
    if (missing[provider as keyof typeof FIRST_CHOICE](config) === null) return `${provider}:${id}`
  }
  return `runbook:${RUNBOOK_MODEL}`
}

/** The providers that this installation can ask, `runbook` last. */
export const availableProviders = (config: ModelConfig): ProviderName[] =>
  PROVIDERS.filter(provider => provider === 'runbook' || missing[provider](config) === null)
