import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { Event } from '../../../../shared/contract/event.ts'
import { cachedTask } from '../api/task-cache.ts'
import { useAnnounce } from '../app/announcer.tsx'
import { useDeps } from '../app/deps.tsx'
import { movedTo, turnMovedTo } from '../live/stale-keys.ts'
import { STATE_LOOK } from './state-look.ts'
import { nameOf } from './task-words.ts'

/** Whether a move is one to wait for a person's answer. */
const asksIn = ({ payload }: Event): boolean =>
  (payload.waitingFor as { reason?: string } | null | undefined)?.reason === 'answer'

/** Tells people who use a screen reader where the project's tasks move to. */
export function useStateAnnouncements(projectId: string | undefined): void {
  const { updates } = useDeps()
  const queryClient = useQueryClient()
  const announce = useAnnounce()
  useEffect(
    () =>
      updates.onLive(event => {
        if (event.projectId !== projectId) return
        const state = movedTo(event)
        const task = state && cachedTask(queryClient, event.taskId!)
        if (task) announce(`${nameOf(task)}: ${asksIn(event) ? 'Waiting for you' : STATE_LOOK[state].word}`)
        if (turnMovedTo(event) === 'waiting' && asksIn(event)) announce('The agent asks you something in a thread')
      }),
    [updates, queryClient, announce, projectId],
  )
}
