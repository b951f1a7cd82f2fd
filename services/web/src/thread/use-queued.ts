import { useMutation, useQueryClient } from '@tanstack/react-query'
import { toast } from 'sonner'
import type { Message } from '../../../../shared/contract/thread.ts'
import { keys } from '../api/keys.ts'
import { mergeMessages } from '../api/messages.ts'
import { problemWords } from '../api/problem-words.ts'
import { useDeps } from '../app/deps.tsx'

/** Changes or takes back a message that the agent has not read. One that it has read meanwhile stays, and the reason is told. */
export function useQueued(threadId: string, messageId: string) {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  const params = { id: threadId, messageId }
  const show = (change: (known: Message[]) => Message[]) =>
    queryClient.setQueryData<Message[]>(keys.messages(threadId), known => known && change(known))
  const onSettled = () => queryClient.invalidateQueries({ queryKey: keys.messages(threadId) })
  const edit = useMutation({
    mutationFn: (text: string) => client.editMessage({ params, body: { text } }),
    onSuccess: message => show(known => mergeMessages(known, [message])),
    onError: error =>
      toast.error('The message was not changed', { description: problemWords(error), duration: 10_000 }),
    onSettled,
  })
  const withdraw = useMutation({
    mutationFn: () => client.deleteMessage({ params }),
    onSuccess: () => show(known => known.filter(({ id }) => id !== messageId)),
    onError: error =>
      toast.error('The message was not taken back', { description: problemWords(error), duration: 10_000 }),
    onSettled,
  })
  return { edit, withdraw }
}
