import type { QueryClient } from '@tanstack/react-query'
import type { Event } from '../../../../shared/contract/event.ts'
import type { Task } from '../../../../shared/contract/task.ts'
import type { TaskState } from '../../../../shared/domain/task-state.ts'
import { keys, type QueryKey } from '../api/keys.ts'
import { inState, patchTasks } from '../api/task-cache.ts'
import { createRefresher } from './refresher.ts'
import { movedTo, staleKeys, turnMovedTo } from './stale-keys.ts'
import type { StreamKind, Streams } from './streams.ts'

const SHOW_AFTER_MS = 30

/** Turns a project's events into what the pages show. */
export interface LiveUpdates {
  receive(event: Event, replayed: boolean): void
  /** Reads everything again. */
  lost(): void
  /** Called for each event that happens now, after the cache knows of it. */
  onLive(listener: (event: Event) => void): () => void
}

/** A task's move shows at once; all else that an event puts out of date is read again in batches. */
export function createLiveUpdates(queryClient: QueryClient, streams: Streams): LiveUpdates {
  const listeners = new Set<(event: Event) => void>()
  const ending = new Map<string, StreamKind[]>()
  const moved = new Map<string, TaskState>()
  const showMoves = () => {
    patchTasks(queryClient, new Map([...moved].map(([id, state]) => [id, (task: Task) => inState(task, state)])))
    moved.clear()
  }
  const refresher = createRefresher({
    gatherMs: 80,
    invalidate: async (queryKeys: QueryKey[]) => {
      const written = [...ending]
      ending.clear()
      await Promise.all(queryKeys.map(queryKey => queryClient.invalidateQueries({ queryKey })))
      for (const [threadId, kinds] of written) for (const kind of kinds) streams.end(threadId, kind)
    },
  })
  return {
    receive: (event, replayed) => {
      const state = movedTo(event)
      if (!replayed) {
        if (state) {
          // A thousand accepted drafts are a thousand events: one drawing shows them all.
          if (moved.size === 0) setTimeout(showMoves, SHOW_AFTER_MS)
          moved.set(event.taskId!, state)
        }
        if (event.type === 'task.step') queryClient.setQueryData(keys.lastStep(event.taskId!), event.payload.summary)
        for (const listener of listeners) listener(event)
      }
      // What streamed in stays until the stored message that replaces it has been read.
      const ended = endedStreams(event)
      if (event.threadId && ended.length > 0) {
        ending.set(event.threadId, [...(ending.get(event.threadId) ?? []), ...ended])
      }
      refresher.add(staleKeys(event))
    },
    lost: () => void queryClient.invalidateQueries(),
    onLive: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function endedStreams(event: Event): StreamKind[] {
  const state = movedTo(event) ?? turnMovedTo(event)
  if (state) return state === 'active' ? [] : ['reply', 'output']
  if (event.type !== 'message.created') return []
  if (event.payload.role === 'assistant') return ['reply']
  return event.payload.role === 'tool' ? ['output'] : []
}
