import { useMutation, useMutationState, useQueryClient } from '@tanstack/react-query'
import { toast } from 'sonner'
import type { Message, PostMessage } from '../../../../shared/contract/thread.ts'
import { newKey } from '../api/idempotency-key.ts'
import { keys } from '../api/keys.ts'
import { mergeMessages } from '../api/messages.ts'
import { problemWords } from '../api/problem-words.ts'
import { useDeps } from '../app/deps.tsx'
import type { ThreadRun } from './thread-run.ts'

/** A message on its way. */
export interface Sending {
  key: string
  body: PostMessage
  at: string
}

/** Sends messages to a thread. One that is refused comes back into the toast, so that its text is not lost. */
export function useSend({ threadId, taskId }: Pick<ThreadRun, 'threadId' | 'taskId'>): {
  send(body: PostMessage): void
  open: Sending[]
} {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  const mutationKey = ['send', threadId]
  const mutation = useMutation({
    mutationKey,
    mutationFn: ({ body, key }: Sending) => client.postMessage({ params: { id: threadId }, body, idempotencyKey: key }),
    onSuccess: message => {
      queryClient.setQueryData<Message[]>(keys.messages(threadId), known => known && mergeMessages(known, [message]))
      for (const queryKey of [...(taskId ? [keys.task(taskId)] : []), keys.messages(threadId), keys.thread(threadId)]) {
        void queryClient.invalidateQueries({ queryKey })
      }
    },
    onError: (error, { body }) =>
      toast.error('The message was not sent', {
        description: problemWords(error),
        duration: 20_000,
        action: { label: 'Copy its text', onClick: () => void navigator.clipboard.writeText(body.text) },
      }),
  })
  const open = useMutationState({
    filters: { mutationKey, status: 'pending' },
    select: ({ state }) => state.variables as Sending,
  })
  return { send: body => mutation.mutate({ body, key: newKey(), at: new Date().toISOString() }), open }
}
