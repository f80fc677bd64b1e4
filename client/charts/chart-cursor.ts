import { type KeyboardEvent, type PointerEvent, useState } from 'react'

const step = (key: string, at: number, last: number): number | null => {
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return Math.max(0, at - 1)
    case 'ArrowRight':
    case 'ArrowUp':
      return Math.min(last, at + 1)
    case 'PageDown':
      return Math.max(0, at - 10)
    case 'PageUp':
      return Math.min(last, at + 10)
    case 'Home':
      return 0
    case 'End':
      return last
    default:
      return null
  }
}

/**
 * Lets a chart of `count` points be read with the arrow keys as with the pointer. To assistive technology it is a
 * slider over its points whose value is the sentence that `describe` gives. `at` is null while nobody reads.
 */
export const useChartCursor = (
  count: number,
  label: string,
  describe: (index: number) => string,
  onRead: (index: number | null) => void,
) => {
  const [at, setAt] = useState<number | null>(null)
  const last = count - 1
  const current = Math.min(at ?? last, last)
  const move = (index: number | null) => {
    setAt(index)
    onRead(index)
  }
  return {
    at: at === null ? null : current,
    cursorProps: {
      role: 'slider',
      tabIndex: 0,
      'aria-label': label,
      'aria-valuemin': 0,
      'aria-valuemax': Math.max(last, 0),
      'aria-valuenow': Math.max(current, 0),
      'aria-valuetext': count === 0 ? 'no values' : describe(current),
      onKeyDown: (event: KeyboardEvent) => {
        const next = step(event.key, current, last)
        if (next === null || count === 0) return
        event.preventDefault()
        move(next)
      },
      onPointerMove: ({ clientX, currentTarget }: PointerEvent) => {
        const { left, width } = currentTarget.getBoundingClientRect()
        if (count === 0 || width === 0) return
        move(Math.min(last, Math.max(0, Math.round(((clientX - left) / width) * last))))
      },
      onPointerLeave: () => move(null),
      onBlur: () => move(null),
    },
  } as const
}
