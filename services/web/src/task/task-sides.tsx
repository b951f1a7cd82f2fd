import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from 'react'

const KEY = 'slipway.split'
const MIN = 28
const MAX = 72
const within = (percent: number) => Math.min(MAX, Math.max(MIN, Math.round(percent)))

/** Two panes with a border between them that can be dragged, or moved with the arrow keys; remembered. */
export function TaskSides({ left, right }: { left: ReactNode; right: ReactNode }) {
  const frame = useRef<HTMLDivElement>(null)
  const [percent, setPercent] = useState(() => within(Number(localStorage.getItem(KEY)) || 46))
  const set = (next: number) => {
    setPercent(within(next))
    localStorage.setItem(KEY, String(within(next)))
  }
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId) || !frame.current) return
    const { left: start, width } = frame.current.getBoundingClientRect()
    set(((event.clientX - start) / width) * 100)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -2, ArrowRight: 2 }[event.key]
    if (step) set(percent + step)
  }
  return (
    <div className="flex h-full min-h-0" ref={frame}>
      <div className="min-w-0" style={{ width: `${percent}%` }}>
        {left}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a rule cannot be dragged */}
      <div
        aria-label="Width of the thread"
        aria-orientation="vertical"
        aria-valuemax={MAX}
        aria-valuemin={MIN}
        aria-valuenow={percent}
        className="w-1 shrink-0 cursor-col-resize touch-none bg-line transition-colors hover:bg-accent focus-visible:bg-accent"
        onKeyDown={onKeyDown}
        onPointerDown={event => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={onPointerMove}
        role="separator"
        tabIndex={0}
      />
      <div className="min-w-0 flex-1">{right}</div>
    </div>
  )
}
