import { useMutation, useQueryClient } from '@tanstack/react-query'
import { toast } from 'sonner'
import type { Task } from '../../../../shared/contract/task.ts'
import type { WebClient } from '../api/client.ts'
import { newKey } from '../api/idempotency-key.ts'
import { keys } from '../api/keys.ts'
import { problemWords } from '../api/problem-words.ts'
import { cachedTask, inState, patchTask } from '../api/task-cache.ts'
import { useDeps } from '../app/deps.tsx'
import { MOVE_TO, MOVE_WORDS, type Move } from './moves.ts'
import { nameOf } from './task-words.ts'

interface Request {
  task: Task
  move: Move
  /** Others that move with it: the prerequisites that are applied first. */
  along: Task[]
  key: string
}

/**
 * Moves a task: shown at once, taken back with the reason in a toast where the API refuses. Sent again under the same key
 * when nothing answered.
 */
export function useMove() {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  const mutation = useMutation({
    mutationKey: ['move'],
    mutationFn: (request: Request) => send(client, request),
    onMutate: async ({ task, move, along }) => {
      await queryClient.cancelQueries({ queryKey: keys.tasks(task.projectId) })
      await queryClient.cancelQueries({ queryKey: keys.task(task.id) })
      const before = [task, ...along].map(({ id, ...rest }) => cachedTask(queryClient, id) ?? { id, ...rest })
      for (const { id } of before) patchTask(queryClient, id, one => inState(one, MOVE_TO[move]))
      return { before }
    },
    onSuccess: moved => {
      for (const task of moved) patchTask(queryClient, task.id, () => task)
    },
    onError: (error, { task, move }, context) => {
      for (const one of context?.before ?? []) patchTask(queryClient, one.id, () => one)
      toast.error(`${MOVE_WORDS[move]}: ${nameOf(task)}`, { description: problemWords(error), duration: 10_000 })
    },
    onSettled: (_moved, _error, { task }) => queryClient.invalidateQueries({ queryKey: keys.tasks(task.projectId) }),
  })
  return (task: Task, move: Move, along: Task[] = []) => mutation.mutate({ task, move, along, key: newKey() })
}

async function send(client: WebClient, { task, move, key }: Request): Promise<Task[]> {
  const request = { params: { id: task.id }, idempotencyKey: key }
  switch (move) {
    case 'accept':
      return [await client.acceptTask(request)]
    case 'dismiss':
      return [await client.dismissTask(request)]
    case 'cancel':
      return [await client.cancelTask(request)]
    case 'retry':
      return [await client.retryTask(request)]
    case 'apply':
      return (await client.applyTask(request)).items
  }
}
