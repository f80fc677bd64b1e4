/** Changes of limits and holds as the authority matrix measures them. */
import type { Proposal } from '../authority/gate.ts'
import type { CreditLimit } from '../domain/credit-limit.ts'
import { formatDay } from '../domain/day.ts'
import { formatMinor } from '../domain/money.ts'
import type { LimitDays } from './limit.ts'

type Change = {
  readonly row: number
  readonly customerId: string
  /** What would be in force without it, as `replacedBy` says. */
  readonly replaced: readonly CreditLimit[]
  readonly decided: CreditLimit & LimitDays
}

export const limitProposal = ({ row, customerId, replaced, decided }: Change): Proposal => ({
  row,
  customerId,
  action: decided.state === 'UNLIMITED' ? 'UNLIMITED_CREDIT' : 'CREDIT_LIMIT',
  before: replaced.map(limitInWords).join(', later '),
  after: `${limitInWords(decided)}, from ${formatDay(decided.effectiveOn)}${decided.until === null ? '' : ` to ${formatDay(decided.until)}`}`,
  from: replaced.map(amountOf),
  to: amountOf(decided),
  isRelative: true,
})

const amountOf = ({ state, amount }: CreditLimit) => (state === 'UNLIMITED' ? state : amount)

export const limitInWords = ({ state, amount }: CreditLimit): string => {
  if (amount !== null) return `${formatMinor(amount)} ${amount.currency}`
  return state === 'UNLIMITED' ? 'no limit' : 'not set'
}
