import type { KeyboardEvent } from 'react'

const steps: Record<string, [column: number, card: number]> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
}

/** Moves the focus from card to card: up and down in a column, left and right to the nearest column that has cards. */
export function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = steps[event.key]
  if (!step || !(event.target instanceof HTMLElement) || !event.target.matches('[data-card]')) return
  const columns = [...event.currentTarget.querySelectorAll('[data-column]')]
    .map(column => [...column.querySelectorAll<HTMLElement>('[data-card]')])
    .filter(cards => cards.length > 0)
  const column = columns.findIndex(cards => cards.includes(event.target as HTMLElement))
  const next = columns[column + step[0]]
  if (!next) return
  const place = columns[column]!.indexOf(event.target) + step[1]
  const card = step[0] === 0 ? next[place] : next[Math.min(place, next.length - 1)]
  if (!card) return
  event.preventDefault()
  card.focus()
}
