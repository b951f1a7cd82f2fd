const HIDDEN = '[secret]'
/** Shorter ones would hide ordinary words. */
const MIN_CHARS = 8

/**
 * A function that takes the values of a server's headers out of what comes from there, also URL-encoded, and without a scheme such
 * as `Bearer` before them.
 */
export function createSecretFilter(values: readonly string[]): (text: string) => string {
  const secrets = values
    .flatMap(value => [value, value.split(/\s+/).at(-1) ?? ''])
    .filter(value => value.length >= MIN_CHARS)
    .flatMap(value => [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)])
    .sort((a, b) => b.length - a.length)
  return text => secrets.reduce((clean, secret) => clean.replaceAll(secret, HIDDEN), text)
}
