import { useEffect, useState } from 'react'

/** State that survives a reload of this tab, as JSON in `sessionStorage`. What cannot be read is `initial`. */
export function useStoredState<T>(key: string, initial: T): [T, (next: T | ((before: T) => T)) => void] {
  const [value, setValue] = useState<T>(() => {
    try {
      return (JSON.parse(sessionStorage.getItem(key) ?? 'null') as T | null) ?? initial
    } catch {
      return initial
    }
  })
  useEffect(() => {
    sessionStorage.setItem(key, JSON.stringify(value))
  }, [key, value])
  return [value, setValue]
}
