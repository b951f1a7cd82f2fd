import { DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'
import { cx } from './cx.ts'

/** A menu behind `trigger`, which must be a button. */
export function Menu({
  trigger,
  label,
  align = 'end',
  children,
}: {
  trigger: ReactNode
  label: string
  align?: 'start' | 'end'
  children: ReactNode
}) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          aria-label={label}
          className="appear z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-44 max-w-[min(22rem,calc(100vw-1rem))] overflow-y-auto rounded-lg border border-line-strong bg-raised p-1 shadow-xl"
          collisionPadding={8}
          sideOffset={4}
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

const item =
  'flex select-none items-center gap-2 rounded-md px-2 py-1.5 text-sm outline-none data-disabled:cursor-not-allowed data-disabled:opacity-50 data-highlighted:bg-accent data-highlighted:text-on-accent'

export function MenuItem({
  icon,
  danger,
  children,
  onSelect,
}: {
  icon?: ReactNode
  danger?: boolean
  children: ReactNode
  onSelect(): void
}) {
  return (
    <DropdownMenu.Item
      className={cx(item, danger && 'text-state-red data-highlighted:bg-state-red data-highlighted:text-panel')}
      onSelect={onSelect}
    >
      {icon}
      <span className="min-w-0 flex-1 truncate">{children}</span>
    </DropdownMenu.Item>
  )
}

export function MenuChoice({
  checked,
  children,
  onSelect,
}: {
  checked: boolean
  children: ReactNode
  onSelect(): void
}) {
  return (
    <DropdownMenu.CheckboxItem
      checked={checked}
      className={cx(item, 'pl-7')}
      onSelect={event => {
        event.preventDefault()
        onSelect()
      }}
    >
      <DropdownMenu.ItemIndicator className="-ml-5 w-3 text-xs">✓</DropdownMenu.ItemIndicator>
      <span className="min-w-0 flex-1 truncate">{children}</span>
    </DropdownMenu.CheckboxItem>
  )
}

export const MenuLine = () => <DropdownMenu.Separator className="my-1 h-px bg-line" />
