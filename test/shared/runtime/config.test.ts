import { isAbsolute } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, loadConfig } from '../../../shared/runtime/config.ts'

const refusal = (env: Record<string, string>): string => {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('the settings were taken')
}

describe('with no settings at all', () => {
  const config = loadConfig({})

  test('one process serves everything on loopback', () => {
    expect(config).toMatchObject({
      services: ['api', 'gateway', 'worker'],
      host: '127.0.0.1',
      port: 3000,
      publicUrl: 'http://127.0.0.1:3000',
      apiUrl: 'http://127.0.0.1:3000',
      databaseUrl: null,
      redisUrl: null,
      plan: 'pro',
      rateLimit: 6000,
      logLevel: 'info',
      previewDomain: 'preview.localhost',
      worker: { concurrency: 10 },
    })
    expect(config.worker.name).not.toBe('')
    expect(isAbsolute(config.dataDir)).toBe(true)
  })

  test('local sources are allowed while developing, not in production', () => {
    expect(config.allowLocalSources).toBe(true)
    expect(loadConfig({ NODE_ENV: 'production' }).allowLocalSources).toBe(false)
    expect(loadConfig({ NODE_ENV: 'production', ALLOW_LOCAL_SOURCES: 'true' }).allowLocalSources).toBe(true)
  })
})

test('all mistakes are told at once, each with the name of its setting', () => {
  const message = refusal({
    PORT: 'http',
    SERVICES: 'api,web',
    SLIPWAY_PLAN: 'gold',
    DATABASE_URL: 'mysql://localhost/x',
    WORKER_CONCURRENCY: '0',
    PUBLIC_URL: 'https://slipway.example.com/app',
    LOG_LEVEL: 'loud',
    ALLOW_LOCAL_SOURCES: 'perhaps',
    OPENAI_COMPATIBLE_CONTEXT_TOKENS: '128k',
  })
  expect(message).toContain('9 settings are wrong')
  for (const name of ['PORT', 'SERVICES', 'SLIPWAY_PLAN', 'DATABASE_URL', 'WORKER_CONCURRENCY', 'PUBLIC_URL']) {
    expect(message).toMatch(new RegExp(`^ {2}${name} must be `, 'm'))
  }
})

test('a mistake never shows the value, which may be a password', () => {
  expect(refusal({ DATABASE_URL: 'mysql://root:hunter2@localhost/x', PORT: 'hunter2' })).not.toContain('hunter2')
})

test('a worker that joins a running system says what it needs to know', () => {
  const message = refusal({ SERVICES: 'worker' })
  expect(message).toMatch(/DATABASE_URL must be set/)
  expect(message).toMatch(/REDIS_URL must be set/)
  const joined = loadConfig({
    SERVICES: 'worker',
    DATABASE_URL: 'postgresql://db/slipway',
    REDIS_URL: 'redis://cache',
    API_URL: 'https://slipway.example.com/',
    WORKER_NAME: 'w-1',
  })
  expect(joined).toMatchObject({ apiUrl: 'https://slipway.example.com', worker: { name: 'w-1' } })
})

test('an empty setting counts as not set', () => {
  expect(loadConfig({ PORT: '', OPENAI_API_KEY: ' ' })).toMatchObject({ port: 3000, models: {} })
  expect(loadConfig({ OPENAI_API_KEY: ' ' }).models.openaiApiKey).toBeUndefined()
})

test('a host that listens everywhere is reached by a name', () => {
  expect(loadConfig({ HOST: '0.0.0.0', PORT: '8080' }).publicUrl).toBe('http://localhost:8080')
  expect(loadConfig({ HOST: '::1' }).publicUrl).toBe('http://[::1]:3000')
})

test('what the models of an openai-compatible server take in is told in tokens, within bounds', () => {
  const models = (tokens?: string) => loadConfig({ OPENAI_COMPATIBLE_CONTEXT_TOKENS: tokens }).models
  expect(models().openaiCompatibleContextTokens).toBeUndefined()
  expect(models('8000').openaiCompatibleContextTokens).toBe(8_000)
  expect(models('10000000').openaiCompatibleContextTokens).toBe(10_000_000)
  for (const tokens of ['7999', '10000001', '128k', '-32000', '32000.5']) {
    expect(refusal({ OPENAI_COMPATIBLE_CONTEXT_TOKENS: tokens })).toContain(
      'OPENAI_COMPATIBLE_CONTEXT_TOKENS must be a whole number from 8000 to 10000000',
    )
  }
})

test('the keys of the models stand together', () => {
  const { models } = loadConfig({
    SLIPWAY_DEFAULT_MODEL: 'openai-compatible:qwen3-coder',
    OPENAI_COMPATIBLE_BASE_URL: 'http://127.0.0.1:11434/v1/',
    ANTHROPIC_API_KEY: 'a',
    GOOGLE_GENERATIVE_AI_API_KEY: 'g',
  })
  expect(models).toMatchObject({
    defaultModel: 'openai-compatible:qwen3-coder',
    openaiCompatibleBaseUrl: 'http://127.0.0.1:11434/v1',
    anthropicApiKey: 'a',
    googleApiKey: 'g',
  })
})
