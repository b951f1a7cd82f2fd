const HIDDEN = '[redacted]'

/** Things that look like credentials whoever they belong to; providers quote parts of keys in their messages. */
const CREDENTIALS = [
  /\b(?:sk|rk|pk)-[\w*-]{6,}/g,
  /\bAIza[\w*-]{6,}/g,
  /\bBearer\s+[^\s"',;]+/gi,
  /\b(x-api-key|x-goog-api-key|api[-_]?key|authorization|key)(["']?\s*[:=]\s*["']?)(?!not\b|is\b)[\w.*+/=-]{8,}/gi,
  /(?<=:\/\/)[^\s/@]+@/g,
]

/**
 * A function that takes credentials out of a text: `secrets` wherever they stand (also URL-encoded), whatever looks
 * like a key, and user names and passwords in URLs. Secrets of fewer than 8 characters are ignored: they would
 * hide ordinary words.
 */
export const createRedactor = (secrets: readonly (string | undefined)[]) => {
  const known = secrets
    .filter(secret => secret !== undefined && secret.length >= 8)
    .flatMap(secret => [secret as string, encodeURIComponent(secret as string)])
    .sort((a, b) => b.length - a.length)
  return (text: string): string => {
    let clean = text
    for (const secret of known) clean = clean.replaceAll(secret, HIDDEN)
    for (const pattern of CREDENTIALS) {
      clean = clean.replace(pattern, (match, name?: unknown, separator?: unknown) =>
        typeof name === 'string' && typeof separator === 'string'
          ? `${name}${separator}${HIDDEN}`
          : match.endsWith('@')
            ? `${HIDDEN}@`
            : HIDDEN,
      )
    }
    return clean
  }
}
