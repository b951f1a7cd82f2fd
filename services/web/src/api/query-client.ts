import { QueryClient } from '@tanstack/react-query'
import { isTransient } from './problem-words.ts'

/**
 * The cache of everything read. Live events say what is out of date; besides, a page that opens reads again what it shows.
 * Only what can get better by asking again is asked again. Whether the browser thinks that it is online does not count:
 * Slipway may run on the same machine.
 */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        networkMode: 'always',
        refetchOnReconnect: true,
        staleTime: 1_000,
        retry: (count, error) => isTransient(error) && count < 4,
        retryDelay: count => Math.min(500 * 2 ** count, 5_000),
      },
      // A click that got no answer is sent again under the same idempotency key: it counts once.
      mutations: { retry: (count, error) => isTransient(error) && count < 2, networkMode: 'always' },
    },
  })
}
