import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import { ModelName } from '../contract/project.ts'
import { LIMITS, parallelLimit } from '../domain/limits.ts'

export const SERVICE_NAMES = ['api', 'gateway', 'worker'] as const
export type ServiceName = (typeof SERVICE_NAMES)[number]

/** Everything that the environment says, parsed. Null: not said, and the composition root finds a way of its own. */
export interface Config {
  environment: 'development' | 'production' | 'test'
  services: readonly ServiceName[]
  host: string
  /** 0 takes any free port; `publicUrl` and `apiUrl` are then known only once it listens. */
  port: number
  /** Where browsers, git clients and other processes reach the API. Without a slash at the end. */
  publicUrl: string
  /** Where workers reach the API and git. Without a slash at the end. */
  apiUrl: string
  /** Absolute. */
  dataDir: string
  databaseUrl: string | null
  redisUrl: string | null
  dockerHost: string | null
  worker: { name: string; concurrency: number }
  /** `core`, `pro` or a number of parallel tasks: the default organization's. */
  plan: string
  models: {
    defaultModel?: string | undefined
    anthropicApiKey?: string | undefined
    anthropicBaseUrl?: string | undefined
    openaiApiKey?: string | undefined
    openaiBaseUrl?: string | undefined
    googleApiKey?: string | undefined
    openaiCompatibleBaseUrl?: string | undefined
    openaiCompatibleApiKey?: string | undefined
    openaiCompatibleContextTokens?: number | undefined
  }
  /** Whether a project may be cloned from a path of the API's own machine, and name hosts within the installation's network. */
  allowLocalSources: boolean
  sandbox: { image: string | null; caFile: string | null; runtime: string | null }
  previewDomain: string
  /** Requests a minute for one token. */
  rateLimit: number
  logLevel: string
}

export type Environment = Record<string, string | undefined>

/** The settings cannot be used; the message names every one that is wrong, and why. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine(value => value >= min && value <= max, `must be a whole number from ${min} to ${max}`)

const flag = z
  .enum(['1', '0', 'true', 'false', 'on', 'off', 'yes', 'no'], 'must be true or false')
  .transform(value => ['1', 'true', 'on', 'yes'].includes(value))

const url = (...schemes: string[]) =>
  z
    .string()
    .refine(
      value => schemes.includes(URL.parse(value)?.protocol.slice(0, -1) ?? ''),
      `must be a URL that begins with ${schemes.map(scheme => `${scheme}://`).join(' or ')}`,
    )

const webUrl = url('http', 'https').transform(value => value.replace(/\/+$/, ''))
const origin = webUrl.refine(
  value => URL.parse(value)?.origin === value.toLowerCase(),
  'must be only scheme, host and port, for example https://slipway.example.com',
)

const services = z.string().transform((value, context): ServiceName[] => {
  const names = [...new Set(value.split(',').map(name => name.trim()))].filter(Boolean)
  const unknown = names.filter(name => !SERVICE_NAMES.includes(name as ServiceName))
  if (names.length > 0 && unknown.length === 0) return names as ServiceName[]
  context.addIssue({ code: 'custom', message: `must be some of ${SERVICE_NAMES.join(', ')}, with commas between them` })
  return z.NEVER
})

const plan = z.string().refine(isPlan, 'must be core, pro or a whole number from 1 to 999999')

const Settings = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test']).catch('development'),
  PORT: wholeNumber(0, 65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: origin.optional(),
  API_URL: origin.optional(),
  SERVICES: services.default([...SERVICE_NAMES]),
  SLIPWAY_DATA: z.string().default('.slipway'),
  DATABASE_URL: url('postgres', 'postgresql').optional(),
  REDIS_URL: url('redis', 'rediss').optional(),
  DOCKER_HOST: z
    .string()
    .regex(/^(unix|tcp|http|https|ssh|npipe):\/\/./, 'must be like unix:///var/run/docker.sock or tcp://host:2375')
    .optional(),
  WORKER_NAME: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'must be at most 100 letters, digits, dots, dashes and underscores')
    .optional(),
  WORKER_CONCURRENCY: wholeNumber(1, 1_000).default(LIMITS.engine.workerConcurrency),
  SLIPWAY_PLAN: plan.default('pro'),
  SLIPWAY_DEFAULT_MODEL: ModelName.optional(),
  ANTHROPIC_API_KEY: z.string().optional(),
  OPENAI_API_KEY: z.string().optional(),
  GOOGLE_GENERATIVE_AI_API_KEY: z.string().optional(),
  OPENAI_COMPATIBLE_API_KEY: z.string().optional(),
  OPENAI_COMPATIBLE_BASE_URL: webUrl.optional(),
  OPENAI_COMPATIBLE_CONTEXT_TOKENS: wholeNumber(8_000, 10_000_000).optional(),
  ANTHROPIC_BASE_URL: webUrl.optional(),
  OPENAI_BASE_URL: webUrl.optional(),
  ALLOW_LOCAL_SOURCES: flag.optional(),
  SANDBOX_IMAGE: z.string().optional(),
  SANDBOX_CA_FILE: z.string().optional(),
  SANDBOX_RUNTIME: z.string().optional(),
  PREVIEW_DOMAIN: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, 'must be a domain name, for example preview.example.com')
    .default('preview.localhost'),
  RATE_LIMIT: wholeNumber(1, 10_000_000).default(LIMITS.http.requestsPerMinute),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
})

/**
 * Parses the settings, once, in a composition root. An empty value counts as not set.
 * @throws ConfigError that tells all mistakes together; it never repeats a value, which may be a secret
 */
export function loadConfig(env: Environment): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()))
  const parsed = Settings.safeParse(given)
  const mistakes = [
    ...(parsed.error?.issues.map(issue => `${issue.path.join('.')} ${issue.message}`) ?? []),
    ...(parsed.success ? missing(parsed.data) : []),
  ]
  if (!parsed.success || mistakes.length > 0) throw new ConfigError(sentence(mistakes))
  return shape(parsed.data)
}

function shape(settings: z.output<typeof Settings>): Config {
  const here = `http://${reachable(settings.HOST)}:${settings.PORT}`
  return {
    environment: settings.NODE_ENV,
    services: settings.SERVICES,
    host: settings.HOST,
    port: settings.PORT,
    publicUrl: settings.PUBLIC_URL ?? here,
    apiUrl: settings.API_URL ?? here,
    dataDir: resolve(settings.SLIPWAY_DATA),
    databaseUrl: settings.DATABASE_URL ?? null,
    redisUrl: settings.REDIS_URL ?? null,
    dockerHost: settings.DOCKER_HOST ?? null,
    worker: {
      name: settings.WORKER_NAME ?? `${hostname()}-${process.pid}`,
      concurrency: settings.WORKER_CONCURRENCY,
    },
    plan: settings.SLIPWAY_PLAN,
    models: {
      defaultModel: settings.SLIPWAY_DEFAULT_MODEL,
      anthropicApiKey: settings.ANTHROPIC_API_KEY,
      anthropicBaseUrl: settings.ANTHROPIC_BASE_URL,
      openaiApiKey: settings.OPENAI_API_KEY,
      openaiBaseUrl: settings.OPENAI_BASE_URL,
      googleApiKey: settings.GOOGLE_GENERATIVE_AI_API_KEY,
      openaiCompatibleBaseUrl: settings.OPENAI_COMPATIBLE_BASE_URL,
      openaiCompatibleApiKey: settings.OPENAI_COMPATIBLE_API_KEY,
      openaiCompatibleContextTokens: settings.OPENAI_COMPATIBLE_CONTEXT_TOKENS,
    },
    allowLocalSources: settings.ALLOW_LOCAL_SOURCES ?? settings.NODE_ENV !== 'production',
    sandbox: {
      image: settings.SANDBOX_IMAGE ?? null,
      caFile: settings.SANDBOX_CA_FILE ?? null,
      runtime: settings.SANDBOX_RUNTIME ?? null,
    },
    previewDomain: settings.PREVIEW_DOMAIN,
    rateLimit: settings.RATE_LIMIT,
    logLevel: settings.LOG_LEVEL,
  }
}

/** A process without the API joins a system that runs already, so it cannot bring servers of its own. */
function missing({ SERVICES, DATABASE_URL, REDIS_URL }: z.output<typeof Settings>): string[] {
  if (SERVICES.includes('api')) return []
  const why = `must be set: SERVICES=${SERVICES.join(',')} joins a running Slipway (see its credentials.json)`
  return [...(DATABASE_URL ? [] : [`DATABASE_URL ${why}`]), ...(REDIS_URL ? [] : [`REDIS_URL ${why}`])]
}

/** A host that listens on all addresses is no address to call. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function isPlan(value: string): boolean {
  try {
    return parallelLimit(value) > 0
  } catch {
    return false
  }
}

function sentence(mistakes: readonly string[]): string {
  const count = mistakes.length === 1 ? '1 setting is wrong' : `${mistakes.length} settings are wrong`
  return [`Slipway cannot start: ${count}.`, ...mistakes.map(mistake => `  ${mistake}`)].join('\n')
}
