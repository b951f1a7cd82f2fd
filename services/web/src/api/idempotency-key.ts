/** A fresh key for one click. Not `crypto.randomUUID`, which pages served over plain HTTP to another machine lack. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('')
}
