import { useMutation, useQueryClient } from '@tanstack/react-query'
import { toast } from 'sonner'
import type { Project } from '../../../../shared/contract/project.ts'
import type { Task } from '../../../../shared/contract/task.ts'
import { keys } from '../api/keys.ts'
import { problemWords } from '../api/problem-words.ts'
import { patchTask } from '../api/task-cache.ts'
import { useDeps } from '../app/deps.tsx'
import { dollars } from './money-words.ts'

const failed = (error: unknown) =>
  toast.error('The budget was not changed', { description: problemWords(error), duration: 10_000 })

const changed = (usd: number | null) =>
  toast.success(usd === null ? 'No budget any more' : `The budget is ${dollars(usd)} now`)

/** Changes what a task and its sub-agents may cost. */
export function useTaskBudget(taskId: string) {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (budgetUsd: number | null) => client.updateTask({ params: { id: taskId }, body: { budgetUsd } }),
    onSuccess: (saved: Task) => {
      patchTask(queryClient, taskId, () => saved)
      changed(saved.budgetUsd)
    },
    onError: failed,
  })
}

/** Changes what all tasks and threads of a project may cost together. */
export function useProjectBudget(projectId: string) {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (budgetUsd: number | null) =>
      client.updateProject({ params: { id: projectId }, body: { settings: { budgetUsd } } }),
    onSuccess: (saved: Project) => {
      queryClient.setQueryData(keys.project(projectId), saved)
      changed(saved.settings.budgetUsd)
    },
    onError: failed,
  })
}
