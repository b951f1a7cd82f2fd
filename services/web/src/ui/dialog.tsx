import { X } from 'lucide-react'
import { AlertDialog as RadixAlert, Dialog as RadixDialog } from 'radix-ui'
import type { ReactNode } from 'react'
import { Button, IconButton } from './button.tsx'
import { cx } from './cx.ts'

const overlay = 'fixed inset-0 z-40 bg-black/45 backdrop-blur-[1px]'
const box =
  'appear fixed left-1/2 z-50 flex max-h-[calc(100dvh-2rem)] w-[calc(100vw-1.5rem)] -translate-x-1/2 flex-col rounded-xl border border-line-strong bg-panel shadow-2xl'

interface DialogProps {
  open: boolean
  onOpenChange(open: boolean): void
  title: ReactNode
  /** Said to screen readers after the title, and shown below it. */
  description?: ReactNode
  wide?: boolean
  children: ReactNode
  footer?: ReactNode
}

/** A dialog that Esc and a click outside close; its body scrolls, its footer stays. */
export function Dialog({ open, onOpenChange, title, description, wide, children, footer }: DialogProps) {
  return (
    <RadixDialog.Root onOpenChange={onOpenChange} open={open}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className={overlay} />
        <RadixDialog.Content
          className={cx(box, 'top-4 sm:top-[8vh] sm:max-h-[84dvh]', wide ? 'max-w-3xl' : 'max-w-lg')}
        >
          <header className="flex items-start gap-3 border-line border-b px-4 py-3">
            <div className="min-w-0 flex-1">
              <RadixDialog.Title className="break-words font-semibold text-base">{title}</RadixDialog.Title>
              {description ? (
                <RadixDialog.Description className="mt-0.5 text-muted text-xs">{description}</RadixDialog.Description>
              ) : (
                <RadixDialog.Description className="sr-only">{title}</RadixDialog.Description>
              )}
            </div>
            <RadixDialog.Close asChild>
              <IconButton label="Close">
                <X aria-hidden className="size-4" />
              </IconButton>
            </RadixDialog.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-4 py-4">{children}</div>
          {footer && (
            <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-4 py-3">
              {footer}
            </footer>
          )}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  )
}

interface ConfirmProps {
  open: boolean
  onOpenChange(open: boolean): void
  title: string
  children: ReactNode
  /** The word on the button that does it. */
  action: string
  danger?: boolean
  onConfirm(): void
}

/** Asks before something that cannot be taken back, or that touches more than was clicked. */
export function Confirm({ open, onOpenChange, title, children, action, danger, onConfirm }: ConfirmProps) {
  return (
    <RadixAlert.Root onOpenChange={onOpenChange} open={open}>
      <RadixAlert.Portal>
        <RadixAlert.Overlay className={overlay} />
        <RadixAlert.Content className={cx(box, 'top-[18vh] max-w-md')}>
          <div className="min-h-0 overflow-y-auto px-4 pt-4 pb-3">
            <RadixAlert.Title className="break-words font-semibold text-base">{title}</RadixAlert.Title>
            <RadixAlert.Description asChild>
              <div className="mt-2 space-y-2 text-muted text-sm">{children}</div>
            </RadixAlert.Description>
          </div>
          <footer className="flex justify-end gap-2 border-line border-t px-4 py-3">
            <RadixAlert.Cancel asChild>
              <Button>Keep as it is</Button>
            </RadixAlert.Cancel>
            <RadixAlert.Action asChild>
              <Button look={danger ? 'danger' : 'primary'} onClick={onConfirm}>
                {action}
              </Button>
            </RadixAlert.Action>
          </footer>
        </RadixAlert.Content>
      </RadixAlert.Portal>
    </RadixAlert.Root>
  )
}
