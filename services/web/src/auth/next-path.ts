/**
 * Where to go after signing in: a path of this app, `/` for anything else. What could lead to another origin
 * (`//host`, a backslash, a scheme) is refused, since a link can carry it.
 */
export function nextPath(next: unknown): string {
  if (typeof next !== 'string' || !next.startsWith('/') || /^\/[/\\]/.test(next) || /[\\\s]/.test(next)) return '/'
  return next.startsWith('/signin') ? '/' : next
}

/** The one-time code of a sign-in link `/signin#code=…`, or null. */
export function signInCode(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('code') || null
}
