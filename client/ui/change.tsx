import { MoveDownRight, MoveRight, MoveUpRight, Triangle } from 'lucide-react'
import type { Change } from '../format/quantity.ts'

type ChangeTextProps = {
  readonly change: Change
  /** Whether more is better; null where neither is. */
  readonly isMoreBetter: boolean | null
}

const arrows = { '-1': MoveDownRight, '0': MoveRight, '1': MoveUpRight } as const

/** For the worse is a solid triangle, so that it can be told from an arrow without its colour. */
const Direction = ({ sign, isWorse }: Pick<Change, 'sign'> & { readonly isWorse: boolean }) => {
  if (isWorse) {
    const turn = sign < 0 ? 'rotate-180' : ''
    return (
      <Triangle aria-hidden="true" fill="currentColor" className={`size-2 shrink-0 self-center ${turn}`} />
    )
  }
  const Arrow = arrows[sign]
  return <Arrow aria-hidden="true" className="size-3 shrink-0 self-center" strokeWidth={2.5} />
}

/** A difference with its direction; whether it is for the better is said in colour, in shape and, unseen, in a word. */
export const ChangeText = ({ change, isMoreBetter }: ChangeTextProps) => {
  const isBetter = change.sign === 0 || isMoreBetter === null ? null : change.sign > 0 === isMoreBetter
  const colour = isBetter === null ? 'text-muted' : isBetter ? 'text-accent' : 'text-act'
  return (
    <span className={`figures inline-flex items-baseline gap-1 font-medium whitespace-nowrap ${colour}`}>
      <Direction sign={change.sign} isWorse={isBetter === false} />
      {change.text}
      {isBetter !== null && <span className="sr-only">{isBetter ? ', better' : ', worse'}</span>}
    </span>
  )
}
