import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from 'react'

const AnnounceContext = createContext<(text: string) => void>(() => {})

/** Says something to people who use a screen reader. */
export const useAnnounce = () => useContext(AnnounceContext)

/** The one polite live region of the page; what comes in quick succession is said together. */
export function AnnouncerProvider({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState<string[]>([])
  const announce = useCallback((text: string) => setSaid(before => [...before.slice(-4), text]), [])
  useEffect(() => {
    if (said.length === 0) return
    const timer = setTimeout(() => setSaid([]), 4_000)
    return () => clearTimeout(timer)
  }, [said])
  return (
    <AnnounceContext value={announce}>
      {children}
      <div aria-live="polite" className="sr-only" role="status">
        {said.join('. ')}
      </div>
    </AnnounceContext>
  )
}
