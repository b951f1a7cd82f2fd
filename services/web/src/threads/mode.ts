import { useState } from 'react'
import type { TurnMode } from '../../../../shared/contract/thread.ts'

const modeKey = (threadId: string) => `slipway.mode.${threadId}`

/** The mode of a thread's next message, remembered in this browser; `build`, as the API has it, where none was chosen. */
export function useMode(threadId: string): [TurnMode, (mode: TurnMode) => void] {
  const [mode, setMode] = useState<TurnMode>(() =>
    localStorage.getItem(modeKey(threadId)) === 'plan' ? 'plan' : 'build',
  )
  const choose = (next: TurnMode) => {
    rememberMode(threadId, next)
    setMode(next)
  }
  return [mode, choose]
}

export const rememberMode = (threadId: string, mode: TurnMode): void => localStorage.setItem(modeKey(threadId), mode)
