import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { cachedTask } from '../api/task-cache.ts'
import { useAnnounce } from '../app/announcer.tsx'
import { useDeps } from '../app/deps.tsx'
import { movedTo } from '../live/stale-keys.ts'
import { STATE_LOOK } from './state-look.ts'
import { nameOf } from './task-words.ts'

/** Tells people who use a screen reader where the project's tasks move to. */
export function useStateAnnouncements(projectId: string | undefined): void {
  const { updates } = useDeps()
  const queryClient = useQueryClient()
  const announce = useAnnounce()
  useEffect(
    () =>
      updates.onLive(event => {
        const state = event.projectId === projectId ? movedTo(event) : null
        const task = state && cachedTask(queryClient, event.taskId!)
        if (task) announce(`${nameOf(task)}: ${STATE_LOOK[state].word}`)
      }),
    [updates, queryClient, announce, projectId],
  )
}
