import { useMutation, useQueryClient } from '@tanstack/react-query'
import { toast } from 'sonner'
import type { BodyInput } from '../../../../shared/contract/routes.ts'
import type { CreateTasks, Task } from '../../../../shared/contract/task.ts'
import { newKey } from '../api/idempotency-key.ts'
import { keys } from '../api/keys.ts'
import { useDeps } from '../app/deps.tsx'
import { count } from '../ui/time-words.ts'

/** Creates drafts, all or none; they stand on the board before the next reading of it. */
export function useCreateTasks(projectId: string, onCreated: (tasks: Task[]) => void) {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  const mutation = useMutation({
    mutationFn: ({ body, key }: { body: BodyInput<'createTasks'> | CreateTasks; key: string }) =>
      client.createTasks({ params: { id: projectId }, body, idempotencyKey: key }),
    onSuccess: ({ items }) => {
      queryClient.setQueryData<Task[]>(keys.tasks(projectId), (tasks = []) => {
        const known = new Set(tasks.map(({ id }) => id))
        return [...tasks, ...items.filter(({ id }) => !known.has(id))]
      })
      void queryClient.invalidateQueries({ queryKey: keys.tasks(projectId) })
      toast.success(`${count(items.length, 'draft')} created`)
      onCreated(items)
    },
  })
  return { ...mutation, create: (body: BodyInput<'createTasks'>) => mutation.mutate({ body, key: newKey() }) }
}
