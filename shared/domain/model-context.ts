import { LIMITS } from './limits.ts'

/** What models take in, in tokens, by the beginning of `provider:model`; the first that fits counts. */
const SIZES: readonly (readonly [name: RegExp, tokens: number])[] = [
  [/^anthropic:/, 200_000],
  [/^openai:gpt-4\.1/, 1_000_000],
  [/^openai:gpt-[5-9]/, 272_000],
  [/^openai:o\d/, 200_000],
  [/^openai:gpt-4(o|-turbo)/, 128_000],
  [/^openai:gpt-4/, 8_000],
  [/^openai:gpt-3\.5/, 16_000],
  [/^google:/, 1_000_000],
]

/**
 * How many tokens a model takes in. Better a little less than it does: a history that is too long is refused.
 * @param compatible what those behind an openai-compatible server take in, of which the name says nothing
 */
export function contextTokens(model: string, compatible: number = LIMITS.context.compatibleTokens): number {
  if (model.startsWith('openai-compatible:')) return compatible
  return SIZES.find(([name]) => name.test(model))?.[1] ?? LIMITS.context.defaultTokens
}

/** How many bytes of text fit beside its reply into a model that takes in so many tokens. */
export function contextBytes(tokens: number): number {
  const reserve = Math.min(LIMITS.context.reserveTokens, tokens / 4)
  return Math.floor((tokens - reserve) * LIMITS.context.bytesPerToken)
}
