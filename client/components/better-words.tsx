import { Minus, TrendingDown, TrendingUp } from 'lucide-react'
import type { BetterDirection } from '../documents.generated.ts'

export const isMoreBetter = { HIGHER: true, LOWER: false, NEUTRAL: null } as const satisfies Record<
  BetterDirection,
  boolean | null
>

const looks = {
  HIGHER: { Icon: TrendingUp, words: 'Higher is better' },
  LOWER: { Icon: TrendingDown, words: 'Lower is better' },
  NEUTRAL: { Icon: Minus, words: 'For context' },
} as const

/** Which way a figure should go. */
export const BetterWords = ({ better }: { readonly better: BetterDirection }) => {
  const { Icon, words } = looks[better]
  return (
    <span className="inline-flex items-center gap-1 whitespace-nowrap text-faint">
      <Icon aria-hidden="true" className="size-3 shrink-0" />
      {words}
    </span>
  )
}
