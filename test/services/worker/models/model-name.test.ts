import { expect, test } from 'vitest'
import { availableProviders, defaultModel, knownModel } from '../../../../services/worker/models/model-name.ts'

const ALL = {
  anthropicApiKey: 'a',
  openaiApiKey: 'b',
  googleApiKey: 'c',
  openaiCompatibleBaseUrl: 'http://localhost:11434/v1',
}

test('names of every provider, with colons and slashes in the model', () => {
  const refs = {
    'anthropic:claude-sonnet-5-5': { provider: 'anthropic', id: 'claude-sonnet-5-5' },
    'openai:gpt-5.6': { provider: 'openai', id: 'gpt-5.6' },
    'google:gemini-pro-latest': { provider: 'google', id: 'gemini-pro-latest' },
    'openai-compatible:library/qwen3:30b': { provider: 'openai-compatible', id: 'library/qwen3:30b' },
    'runbook:default': { provider: 'runbook', id: 'default' },
    runbook: { provider: 'runbook', id: 'default' },
  }
  for (const [name, ref] of Object.entries(refs)) expect(knownModel(ALL, name)).toEqual({ ok: true, ref })
})

test.each([
  ['gpt-5', 'names no known provider: say provider:model'],
  ['', 'names no known provider'],
  ['azure:gpt-5', '"azure:gpt-5" names no known provider'],
  ['anthropic', 'lacks the model: say anthropic:model'],
  ['openai: ', 'lacks the model'],
  ['runbook:fast', 'only one runbook model'],
])('%j is refused with a message that helps', (name, words) => {
  const known = knownModel(ALL, name)
  expect(known).toMatchObject({ ok: false })
  expect(known.ok ? '' : known.message).toContain(words)
})

test.each([
  ['anthropic:x', 'ANTHROPIC_API_KEY'],
  ['openai:x', 'OPENAI_API_KEY'],
  ['google:x', 'GOOGLE_GENERATIVE_AI_API_KEY'],
  ['openai-compatible:x', 'OPENAI_COMPATIBLE_BASE_URL'],
])('%s without its key names the setting that is missing', (name, setting) => {
  const known = knownModel({}, name)
  expect(known.ok ? '' : known.message).toContain(setting)
})

test('the default: what is configured, else the first provider with a key, else runbook', () => {
  expect(defaultModel({ ...ALL, defaultModel: 'openai:gpt-5.6' })).toBe('openai:gpt-5.6')
  expect(defaultModel(ALL)).toMatch(/^anthropic:/)
  expect(defaultModel({ ...ALL, anthropicApiKey: undefined })).toMatch(/^openai:/)
  expect(defaultModel({ googleApiKey: 'c' })).toMatch(/^google:/)
  expect(defaultModel({ openaiCompatibleBaseUrl: 'http://localhost/v1' })).toBe('runbook:default')
  expect(defaultModel({})).toBe('runbook:default')
  for (const config of [ALL, { openaiApiKey: 'b' }, {}]) expect(knownModel(config, defaultModel(config)).ok).toBe(true)
})

test('the providers that can be asked', () => {
  expect(availableProviders({})).toEqual(['runbook'])
  expect(availableProviders({ googleApiKey: 'c' })).toEqual(['google', 'runbook'])
})
