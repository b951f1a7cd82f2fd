import { ApiError, type Client, createClient } from '../../../../shared/contract/client.ts'
import type { Problem } from '../../../../shared/contract/common.ts'

export interface WebClient extends Client {
  /** An answer as text, for example a patch. Path under `/api/v1`. */
  text(path: string): Promise<string>
}

/** The typed client for the page's own origin. `onUnauthorized` is told when the token no longer counts. */
export function createWebClient(token: string, onUnauthorized: () => void): WebClient {
  const watched: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (response.status === 401) onUnauthorized()
    return response
  }
  return {
    ...createClient({ url: '', token, fetch: watched }),
    text: async path => {
      const response = await watched(`/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })
      if (!response.ok) throw new ApiError((await response.json()) as Problem)
      return response.text()
    },
  }
}

/** Every item of a list, page by page. */
export async function allPages<T>(
  get: (cursor: string | undefined) => Promise<{ items: T[]; nextCursor: string | null }>,
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page = await get(cursor)
    items.push(...page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return items
}
