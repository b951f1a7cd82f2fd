import { useMutation, useQueryClient } from '@tanstack/react-query'
import { toast } from 'sonner'
import type { Thread } from '../../../../shared/contract/thread.ts'
import { newKey } from '../api/idempotency-key.ts'
import { keys } from '../api/keys.ts'
import { problemWords } from '../api/problem-words.ts'
import { useDeps } from '../app/deps.tsx'

/** Stops the agent of a thread that has no task. */
export function useStop({ id }: Thread) {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () => client.stopThread({ params: { id }, idempotencyKey: newKey() }),
    onSuccess: thread => queryClient.setQueryData(keys.thread(id), thread),
    onError: error => toast.error('It was not stopped', { description: problemWords(error), duration: 10_000 }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.messages(id) }),
  })
}
