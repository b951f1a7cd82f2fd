import { LIMITS } from '../../domain/limits.ts'
import { GitStoreError } from './errors.ts'

/** Where an import comes from: `protocol` is git's name of the only transport that it may use. */
export type ParsedSource = { url: string; protocol: 'https' | 'ssh' | 'git' | 'file' }

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i
/** Without the user it would be any word with a colon, such as a mistyped scheme. */
const SCP = /^[A-Za-z0-9._-]+@([A-Za-z0-9._-]+):(?!\/\/)(.+)$/

/**
 * Checks the URL of a repository to import before anything runs: https, ssh (also `user@host:path`) and git; absolute
 * paths and file URLs only where `allowLocal`.
 * Throws `invalid_source` for the rest: remote helpers (`ext::`), option-like words, other protocols, control characters.
 */
export function parseSource(url: string, allowLocal: boolean): ParsedSource {
  if (url.length === 0 || url.length > LIMITS.project.urlChars) refuse('is empty or too long')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u0020\u007f]/.test(url)) refuse('must not contain spaces or control characters')
  if (url.startsWith('-')) refuse('must not start with "-"')
  if (/^[a-z0-9+.-]+::/i.test(url)) refuse('must not name a remote helper')
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase()
  if (scheme !== undefined) return withScheme(url, scheme, allowLocal)
  if (url.startsWith('/')) return local(url, allowLocal)
  const [, host, path] = SCP.exec(url) ?? []
  if (host === undefined || path === undefined) refuse('must be an https, ssh or git URL')
  if (host.startsWith('-') || path.startsWith('-')) refuse('must not hold an option')
  return { url, protocol: 'ssh' }
}

/** Where a parsed source leads, as git reads it; no host for a local path. */
export function hostOf({ url, protocol }: ParsedSource): { host: string; port: number } {
  if (protocol === 'file') return { host: '', port: 0 }
  const [, scp] = SCHEME.test(url) ? [] : (SCP.exec(url) ?? [])
  if (scp !== undefined) return { host: scp, port: 22 }
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) || { https: 443, ssh: 22, git: 9418 }[protocol] }
}

function withScheme(url: string, scheme: string, allowLocal: boolean): ParsedSource {
  if (scheme === 'file') return local(url, allowLocal)
  if (scheme !== 'https' && scheme !== 'ssh' && scheme !== 'git') refuse(`uses ${scheme}, not https, ssh or git`)
  const parsed = URL.parse(url)
  if (!parsed?.hostname) refuse('names no host')
  if (/^(-|%2d)/i.test(parsed.hostname) || /^(-|%2d)/i.test(parsed.username)) refuse('must not hold an option')
  if (parsed.pathname.length < 2) refuse('names no repository')
  return { url, protocol: scheme }
}

function local(url: string, allowLocal: boolean): ParsedSource {
  if (!allowLocal) refuse('is a local path, which this installation does not allow')
  return { url, protocol: 'file' }
}

function refuse(why: string): never {
  throw new GitStoreError('invalid_source', `The git URL ${why}`)
}
