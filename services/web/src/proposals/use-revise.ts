import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { toast } from 'sonner'
import type { ReviseTasks } from '../../../../shared/contract/task.ts'
import { newKey } from '../api/idempotency-key.ts'
import { keys } from '../api/keys.ts'
import { useDeps } from '../app/deps.tsx'

/** Asks the agent to revise drafts. It does so in the main thread, to which the toast leads. */
export function useRevise(projectId: string, onAsked: () => void) {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: ({ body, key }: { body: ReviseTasks; key: string }) =>
      client.reviseTasks({ params: { id: projectId }, body, idempotencyKey: key }),
    onSuccess: ({ threadId }) => {
      void queryClient.invalidateQueries({ queryKey: keys.thread(threadId) })
      void queryClient.invalidateQueries({ queryKey: keys.messages(threadId) })
      toast.success('The agent revises the plan', {
        description: 'The drafts change as soon as it is done.',
        action: {
          label: 'Follow it',
          onClick: () => void navigate({ to: '/p/$projectId/threads/$threadId', params: { projectId, threadId } }),
        },
      })
      onAsked()
    },
  })
}

export const revision = (instruction: string, taskIds: string[] | undefined) => ({
  body: { instruction, ...(taskIds && { taskIds }) },
  key: newKey(),
})
