import { type QueryClient, queryOptions } from '@tanstack/react-query'
import type { Message } from '../../../../shared/contract/thread.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import type { WebClient } from './client.ts'
import { keys } from './keys.ts'

/**
 * The number after which a thread has to be read again: everything new, and from the first message on that the agent had
 * not read yet, whose mark may have changed.
 */
export function readAfter(known: readonly Message[]): number {
  const unread = known.find(message => message.role === 'user' && message.readAt === null)
  return unread ? unread.seq - 1 : (known.at(-1)?.seq ?? 0)
}

/** The messages in order, those read anew in place of the old ones. */
export function mergeMessages(known: readonly Message[], fresh: readonly Message[]): Message[] {
  const bySeq = new Map(known.map(message => [message.seq, message]))
  for (const message of fresh) bySeq.set(message.seq, message)
  return [...bySeq.values()].sort((one, other) => one.seq - other.seq)
}

/** The thread once everything after a number was read anew: of that, what is no longer there was taken back. */
export const readAnew = (known: readonly Message[], after: number, fresh: readonly Message[]): Message[] =>
  mergeMessages(
    known.filter(({ seq }) => seq <= after),
    fresh,
  )

/** A whole thread. Reading it again fetches only what can have changed. */
export function messagesQuery(client: WebClient, queryClient: QueryClient, threadId: string) {
  return queryOptions({
    queryKey: keys.messages(threadId),
    queryFn: async ({ signal }) => {
      const known = queryClient.getQueryData<Message[]>(keys.messages(threadId)) ?? []
      const fresh: Message[] = []
      const from = readAfter(known)
      let after = from
      for (;;) {
        const { items } = await client.listMessages({ params: { id: threadId }, query: { after }, signal })
        fresh.push(...items)
        if (items.length < LIMITS.http.listMax) break
        after = items.at(-1)!.seq
      }
      return readAnew(known, from, fresh)
    },
  })
}
