import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { streamText } from 'ai'
import type { ModelConfig, ModelRef, ProviderName } from './model-name.ts'

/** A model of the AI SDK, bound to one `fetch`. */
export type LanguageModel = Parameters<typeof streamText>[0]['model']
export type Fetch = typeof globalThis.fetch
type RemoteRef = { provider: Exclude<ProviderName, 'runbook'>; id: string }

// Said explicitly: without a base URL the AI SDK reads the environment, which only composition roots may do.
const DEFAULT_URL = {
  anthropic: 'https://api.anthropic.com/v1',
  openai: 'https://api.openai.com/v1',
  google: 'https://generativelanguage.googleapis.com/v1beta',
} as const

/** Takes `user:password@` out of a base URL, which `fetch` refuses, and makes it the header it stands for. */
const address = (baseUrl: string): { baseURL: string; headers: Record<string, string> } => {
  const url = new URL(baseUrl)
  if (!url.username && !url.password) return { baseURL: baseUrl, headers: {} }
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  url.username = ''
  url.password = ''
  return { baseURL: url.href, headers: { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } }
}

/** The AI SDK's model for a name that `knownModel` accepted. Does no I/O. */
export const languageModel = (config: ModelConfig, ref: RemoteRef, fetch: Fetch): LanguageModel => {
  switch (ref.provider) {
    case 'anthropic': {
      const { baseURL, headers } = address(config.anthropicBaseUrl ?? DEFAULT_URL.anthropic)
      return createAnthropic({ apiKey: config.anthropicApiKey ?? '', baseURL, headers, fetch })(ref.id)
    }
    case 'openai': {
      const { baseURL } = address(config.openaiBaseUrl ?? DEFAULT_URL.openai)
      return createOpenAI({ apiKey: config.openaiApiKey ?? '', baseURL, fetch }).responses(ref.id)
    }
    case 'google': {
      const { baseURL, headers } = address(config.googleBaseUrl ?? DEFAULT_URL.google)
      return createGoogle({ apiKey: config.googleApiKey ?? '', baseURL, headers, fetch })(ref.id)
    }
    case 'openai-compatible': {
      const { baseURL, headers } = address(config.openaiCompatibleBaseUrl ?? '')
      const apiKey = config.openaiCompatibleApiKey
      return createOpenAICompatible({
        name: 'openai-compatible',
        baseURL,
        fetch,
        includeUsage: true,
        ...(apiKey ? { apiKey } : { headers }),
      })(ref.id)
    }
  }
}

/** Every configured credential, so that it can be kept out of messages and logs. */
export const secretsOf = (config: ModelConfig): (string | undefined)[] => [
  config.anthropicApiKey,
  config.openaiApiKey,
  config.googleApiKey,
  config.openaiCompatibleApiKey,
  ...[config.anthropicBaseUrl, config.openaiBaseUrl, config.googleBaseUrl, config.openaiCompatibleBaseUrl].map(url =>
    url && URL.canParse(url) ? decodeURIComponent(new URL(url).password) : undefined,
  ),
]

export const isRemote = (ref: ModelRef): ref is RemoteRef => ref.provider !== 'runbook'
