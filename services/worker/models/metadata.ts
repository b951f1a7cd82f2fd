import { z } from 'zod'

const ProviderOptions = z.record(z.string(), z.record(z.string(), z.json().optional()))

const StoredPart = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string(), options: ProviderOptions.optional() }),
  z.object({ type: z.literal('reasoning'), text: z.string(), options: ProviderOptions.optional() }),
  z.object({ type: z.literal('call'), id: z.string(), options: ProviderOptions.optional() }),
])
export type StoredPart = z.infer<typeof StoredPart>

/**
 * What the broker keeps in `providerMetadata`: the parts of the reply in the provider's order, with the signatures
 * and ids that it wants back. Another provider's parts mean nothing and are not sent.
 */
export const StoredReply = z.object({ provider: z.string(), parts: z.array(StoredPart) })
export type StoredReply = z.infer<typeof StoredReply>

/** The stored parts if they are of this provider, else null. */
export const storedParts = (providerMetadata: unknown, provider: string): StoredPart[] | null => {
  const stored = StoredReply.safeParse(providerMetadata)
  return stored.success && stored.data.provider === provider ? stored.data.parts : null
}
