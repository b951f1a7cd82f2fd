import { useMutation, useMutationState, useQueryClient } from '@tanstack/react-query'
import { toast } from 'sonner'
import type { Task } from '../../../../shared/contract/task.ts'
import type { Message } from '../../../../shared/contract/thread.ts'
import { newKey } from '../api/idempotency-key.ts'
import { keys } from '../api/keys.ts'
import { mergeMessages } from '../api/messages.ts'
import { problemWords } from '../api/problem-words.ts'
import { useDeps } from '../app/deps.tsx'

/** A message on its way. */
export interface Sending {
  key: string
  text: string
  at: string
}

/** Sends messages to a task's thread. One that is refused comes back into the toast, so that its text is not lost. */
export function useSend(task: Task): { send(text: string): void; open: Sending[] } {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  const mutationKey = ['send', task.threadId]
  const mutation = useMutation({
    mutationKey,
    mutationFn: ({ text, key }: Sending) =>
      client.postMessage({ params: { id: task.threadId }, body: { text }, idempotencyKey: key }),
    onSuccess: message => {
      queryClient.setQueryData<Message[]>(
        keys.messages(task.threadId),
        known => known && mergeMessages(known, [message]),
      )
      void queryClient.invalidateQueries({ queryKey: keys.task(task.id) })
      void queryClient.invalidateQueries({ queryKey: keys.messages(task.threadId) })
    },
    onError: (error, { text }) =>
      toast.error('The message was not sent', {
        description: problemWords(error),
        duration: 20_000,
        action: { label: 'Copy its text', onClick: () => void navigator.clipboard.writeText(text) },
      }),
  })
  const open = useMutationState({
    filters: { mutationKey, status: 'pending' },
    select: ({ state }) => state.variables as Sending,
  })
  return { send: text => mutation.mutate({ text, key: newKey(), at: new Date().toISOString() }), open }
}
