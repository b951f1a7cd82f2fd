import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'

const NEAR = 48

/**
 * Keeps a scrolling element at its end while its content grows, unless the person has scrolled up. `away`: they have;
 * `toEnd` brings them back.
 */
export function useStickToEnd(): {
  scroller: RefObject<HTMLDivElement | null>
  content: RefObject<HTMLDivElement | null>
  away: boolean
  toEnd(): void
} {
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const [away, setAway] = useState(false)
  const stuck = useRef(true)

  const toEnd = useCallback(() => {
    stuck.current = true
    setAway(false)
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight
  }, [])

  useEffect(() => {
    const element = scroller.current
    if (!element || !content.current) return
    const onScroll = () => {
      stuck.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR
      setAway(!stuck.current)
    }
    const onGrowth = () => {
      if (stuck.current) element.scrollTop = element.scrollHeight
    }
    const observer = new ResizeObserver(onGrowth)
    observer.observe(content.current)
    observer.observe(element)
    element.addEventListener('scroll', onScroll, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', onScroll)
    }
  }, [])
  return { scroller, content, away, toEnd }
}
