import type { CSSProperties } from 'react'
import { Toaster } from 'sonner'

const colours = {
  '--normal-bg': 'var(--raised)',
  '--normal-border': 'var(--line-strong)',
  '--normal-text': 'var(--fg)',
  '--border-radius': '0.625rem',
} as CSSProperties

/** Where short answers to a click appear, in the page's own colours. */
export function Toasts() {
  return (
    <Toaster
      closeButton
      position="bottom-right"
      style={colours}
      toastOptions={{
        classNames: {
          description: 'whitespace-pre-wrap text-muted!',
          error: '[&_[data-icon]]:text-state-red',
          success: '[&_[data-icon]]:text-state-green',
        },
      }}
      visibleToasts={4}
    />
  )
}
