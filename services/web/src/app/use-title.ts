import { useEffect } from 'react'

/** The tab's title; a number in front says how many things wait for the person. */
export function useTitle(title: string | undefined, waiting = 0): void {
  useEffect(() => {
    document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${title ? `${title} · ` : ''}Slipway`
  }, [title, waiting])
}
