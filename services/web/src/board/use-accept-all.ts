import { useMutation, useQueryClient } from '@tanstack/react-query'
import { toast } from 'sonner'
import type { Task } from '../../../../shared/contract/task.ts'
import { newKey } from '../api/idempotency-key.ts'
import { keys } from '../api/keys.ts'
import { problemWords } from '../api/problem-words.ts'
import { inState, patchTasks } from '../api/task-cache.ts'
import { useDeps } from '../app/deps.tsx'
import { count } from '../ui/time-words.ts'

const PER_REQUEST = 1_000

/** Accepts the drafts that the person saw: not those that came in between look and click. */
export function useAcceptAll(projectId: string) {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: async (drafts: Task[]) => {
      const ids = drafts.map(({ id }) => id)
      for (let at = 0; at < ids.length; at += PER_REQUEST) {
        const taskIds = ids.slice(at, at + PER_REQUEST)
        await client.acceptTasks({ params: { id: projectId }, body: { taskIds }, idempotencyKey: newKey() })
      }
    },
    retry: false,
    onMutate: async drafts => {
      await queryClient.cancelQueries({ queryKey: keys.tasks(projectId) })
      patchTasks(queryClient, new Map(drafts.map(({ id }) => [id, (task: Task) => inState(task, 'queued')])))
    },
    onSuccess: (_, drafts) => {
      toast.success(`${count(drafts.length, 'task')} accepted`, {
        description: 'They start as soon as what they depend on is ready and a slot is free.',
      })
    },
    onError: (error, drafts) => {
      patchTasks(queryClient, new Map(drafts.map(draft => [draft.id, () => draft])))
      toast.error('The drafts were not accepted', { description: problemWords(error), duration: 10_000 })
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.tasks(projectId) }),
  })
}
