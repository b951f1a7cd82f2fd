import { z } from 'zod'
import { LIMITS } from '../domain/limits.ts'

const Usd = z.number().min(0).max(LIMITS.money.priceUsd)
const rates = {
  input: Usd,
  /** Input that the provider had in its cache; absent: as `input`. */
  cachedInput: Usd.optional(),
  /** Input that the provider put into its cache; absent: as `input`. */
  cacheWrite: Usd.optional(),
  output: Usd,
}

/** US dollars for a million tokens; `long` is for all tokens of a request whose input is longer than `above` tokens. */
export const Price = z
  .strictObject({ ...rates, long: z.strictObject({ above: z.int().min(0), ...rates }).optional() })
  .meta({ id: 'Price' })
export type Price = z.infer<typeof Price>

/** `provider:model`, or its beginning with a `*` behind. */
const ModelPattern = z
  .string()
  .max(200)
  .regex(/^[a-z][a-z-]*:([!-)+-9;-~][!-)+-~]*\*?|\*)$/, 'must be provider:model, or its beginning and a *')

export const OwnPrices = z.record(ModelPattern, Price)
export type OwnPrices = z.infer<typeof OwnPrices>

/** An installation's own prices, which come before the defaults. */
export const PriceList = z
  .object({ prices: z.record(z.string(), Price), defaults: z.record(z.string(), Price) })
  .meta({ id: 'PriceList' })
export type PriceList = z.infer<typeof PriceList>

/** Entries to set; null takes one away. */
export const UpdatePrices = z
  .strictObject({
    prices: z
      .record(ModelPattern, Price.nullable())
      .refine(
        prices => Object.keys(prices).length <= LIMITS.money.ownPrices,
        `must be at most ${LIMITS.money.ownPrices} entries`,
      ),
  })
  .meta({ id: 'UpdatePrices' })
export type UpdatePrices = z.infer<typeof UpdatePrices>

/** What was used of models. */
export const UsageTotal = z
  .object({ calls: z.int(), inputTokens: z.int(), outputTokens: z.int(), costUsd: z.number() })
  .meta({ id: 'UsageTotal' })
export type UsageTotal = z.infer<typeof UsageTotal>

export const USAGE_KEYS = ['day', 'task', 'pipeline', 'model'] as const
export type UsageKey = (typeof USAGE_KEYS)[number]

/** Days are UTC, both included. */
export const UsageQuery = z.object({
  by: z.enum(USAGE_KEYS).default('day'),
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
})

/**
 * What a project used. `key` is a day, a model, the id of a pipeline, or that of a task, which stands for its sub-agents too; what was said
 * in a thread without a task has the thread's id.
 */
export const ProjectUsage = z
  .object({
    items: z.array(UsageTotal.extend({ key: z.string(), label: z.string() })),
    total: UsageTotal,
  })
  .meta({ id: 'ProjectUsage' })
export type ProjectUsage = z.infer<typeof ProjectUsage>
