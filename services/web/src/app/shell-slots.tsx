import { createContext, type ReactNode, useContext, useState } from 'react'
import { createPortal } from 'react-dom'

const SlotContext = createContext<{ node: HTMLElement | null; setNode(node: HTMLElement | null): void } | null>(null)

/** Lets a page put its own parts into the frame's top bar. */
export function ShellSlots({ children }: { children: ReactNode }) {
  const [node, setNode] = useState<HTMLElement | null>(null)
  return <SlotContext value={{ node, setNode }}>{children}</SlotContext>
}

/** Where the page's parts appear. */
export function BarSlot() {
  const slot = useContext(SlotContext)
  return <div className="flex min-w-0 flex-1 items-center gap-2" ref={slot?.setNode} />
}

/** Shows its children in the top bar while the page is shown. */
export function InBar({ children }: { children: ReactNode }) {
  const slot = useContext(SlotContext)
  return slot?.node ? createPortal(children, slot.node) : null
}
