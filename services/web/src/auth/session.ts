const KEY = 'slipway.token'

/** Who is signed in in this browser. Every tab sees the same. */
export interface Session {
  token(): string | null
  signIn(token: string): void
  signOut(): void
  subscribe(listener: () => void): () => void
}

/** Keeps the token in `storage`; `window` tells of other tabs that sign in or out. */
export function createSession(storage: Storage, window: Window): Session {
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  window.addEventListener('storage', event => {
    if (event.key === KEY || event.key === null) tell()
  })
  return {
    token: () => storage.getItem(KEY),
    signIn: token => {
      storage.setItem(KEY, token)
      tell()
    },
    signOut: () => {
      storage.removeItem(KEY)
      tell()
    },
    subscribe: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
