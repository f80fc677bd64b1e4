import { MoveDownRight, MoveRight, MoveUpRight } from 'lucide-react'
import type { Change } from '../format/quantity.ts'

type ChangeTextProps = {
  readonly change: Change
  /** Whether more is better; null where neither is. */
  readonly isMoreBetter: boolean | null
}

/** A difference with its direction; whether it is for the better is said in colour and, unseen, in a word. */
export const ChangeText = ({ change, isMoreBetter }: ChangeTextProps) => {
  const Icon = change.sign === 0 ? MoveRight : change.sign > 0 ? MoveUpRight : MoveDownRight
  const isBetter = change.sign === 0 || isMoreBetter === null ? null : change.sign > 0 === isMoreBetter
  const colour = isBetter === null ? 'text-muted' : isBetter ? 'text-accent' : 'text-act'
  return (
    <span className={`figures inline-flex items-baseline gap-1 font-medium whitespace-nowrap ${colour}`}>
      <Icon aria-hidden="true" className="size-3 shrink-0 self-center" strokeWidth={2.5} />
      {change.text}
      {isBetter !== null && <span className="sr-only">{isBetter ? ', better' : ', worse'}</span>}
    </span>
  )
}
