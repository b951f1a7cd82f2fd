import { useState } from 'react'

export type Theme = 'system' | 'light' | 'dark'

const KEY = 'slipway.theme'

/** The chosen theme and how to choose another; `public/theme.js` applies it before the first paint. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => {
    const stored = localStorage.getItem(KEY)
    return stored === 'light' || stored === 'dark' ? stored : 'system'
  })
  const choose = (next: Theme) => {
    if (next === 'system') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, next)
    applyTheme(next)
    setTheme(next)
  }
  return [theme, choose]
}

/** Follows the system while nothing else is chosen. Gives the function that ends it. */
export function followSystemTheme(): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)')
  const follow = () => {
    if (!localStorage.getItem(KEY)) applyTheme('system')
  }
  query.addEventListener('change', follow)
  return () => query.removeEventListener('change', follow)
}

function applyTheme(theme: Theme): void {
  const dark = theme === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark'
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
}
