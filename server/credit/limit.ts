import type { CreditLimit } from '../domain/credit-limit.ts'
import { dateOf, dayOf, isPlausible, type Day } from '../domain/day.ts'
import { formatMinor, isCurrency, MINOR_MAX, parseMinor, currencyDigits } from '../domain/money.ts'
import { implausible, invalid, type Path, type Problem } from '../problem.ts'
import type { CreditLimitInput } from '../schema.generated.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'

/** What the columns of the customer say, which is in force up to `creditLimitThrough`. */
export const storedLimitOf = (
  row: Pick<CustomerRow, 'creditLimitState' | 'creditLimit' | 'creditLimitCurrency'>,
): CreditLimit => ({
  state: row.creditLimitState,
  amount:
    row.creditLimit === null || row.creditLimitCurrency === null
      ? null
      : { minor: row.creditLimit, currency: row.creditLimitCurrency },
})

export const creditLimitColumns = ({ state, amount }: CreditLimit) => ({
  creditLimitState: state,
  creditLimit: amount?.minor ?? null,
  creditLimitCurrency: amount?.currency ?? null,
})

export function readCreditLimit(input: CreditLimitInput, path: Path): CreditLimit | Problem {
  if (input.amount) {
    const read = readLimitAmount(input.amount.amount, input.amount.currency)
    return 'fault' in read ? invalid([...path, 'amount', read.field], read.fault) : read
  }
  if (input.unlimited === false) return invalid([...path, 'unlimited'], 'unlimited can only be true')
  if (input.notSet === false) return invalid([...path, 'notSet'], 'notSet can only be true')
  return { state: input.unlimited ? 'UNLIMITED' : 'NOT_SET', amount: null }
}

type Fault = { readonly field: 'amount' | 'currency'; readonly fault: string }

/** The limit of so much, or what is wrong with which of the two. */
export function readLimitAmount(amount: string, currency: string): CreditLimit | Fault {
  if (!isCurrency(currency)) return { field: 'currency', fault: `${currency} is no ISO 4217 currency code` }
  const minor = parseMinor(amount, currency)
  if (minor !== null && minor >= 0n) return { state: 'AMOUNT', amount: { minor, currency } }
  return {
    field: 'amount',
    fault: `${amount} is no amount of ${currency} from 0 to ${formatMinor({ minor: MINOR_MAX, currency })} with at most ${currencyDigits(currency)} decimals`,
  }
}

/** The days on which a limit holds. */
export type LimitDays = { readonly effectiveOn: Day; readonly until: Day | null }

type DaysInput = {
  readonly effectiveOn?: Temporal.PlainDate | null | undefined
  readonly until?: Temporal.PlainDate | null | undefined
}

/** What was to begin while it waited for its approval begins with it; else nothing begins before today. */
export const beginOf = (effectiveOn: Day, today: Day, isApproved: boolean): Day =>
  isApproved && effectiveOn < today ? today : effectiveOn

/** `path` is that of the two fields' parent. */
export function readLimitDays(
  input: DaysInput,
  path: Path,
  today: Day,
  isApproved = false,
): LimitDays | Problem {
  const { effectiveOn, until } = input
  if (effectiveOn && !isPlausible(effectiveOn)) return implausible([...path, 'effectiveOn'], effectiveOn)
  if (until && !isPlausible(until)) return implausible([...path, 'until'], until)
  const days = {
    effectiveOn: effectiveOn ? beginOf(dayOf(effectiveOn), today, isApproved) : today,
    until: until ? dayOf(until) : null,
  }
  const wrong = faultOfDays(days, today)
  return wrong === null ? days : invalid([...path, wrong.field], wrong.fault)
}

/** Null where the days may be. */
export function faultOfDays(
  { effectiveOn, until }: LimitDays,
  today: Day,
): { readonly field: keyof LimitDays; readonly fault: string } | null {
  if (effectiveOn < today) {
    const fault = `${dateOf(effectiveOn).toString()} is over: what was in force stays what it was, and today is ${dateOf(today).toString()}`
    return { field: 'effectiveOn', fault }
  }
  if (until === null || until >= effectiveOn) return null
  const fault = `The last day, ${dateOf(until).toString()}, lies before the first, ${dateOf(effectiveOn).toString()}`
  return { field: 'until', fault }
}

/** As the audit and a stored outcome keep it; the days only where it was decided for some. */
export type StoredCreditLimit = {
  readonly state: CreditLimit['state']
  readonly amount: string | null
  readonly currency: string | null
  readonly effectiveOn?: string
  readonly until?: string | null
}

export const storeCreditLimit = ({ state, amount }: CreditLimit): StoredCreditLimit => ({
  state,
  amount: amount === null ? null : formatMinor(amount),
  currency: amount?.currency ?? null,
})

export const storeDecision = (limit: CreditLimit, { effectiveOn, until }: LimitDays): StoredCreditLimit => ({
  ...storeCreditLimit(limit),
  effectiveOn: dateOf(effectiveOn).toString(),
  until: until === null ? null : dateOf(until).toString(),
})

export function restoreCreditLimit({ state, amount, currency }: StoredCreditLimit): CreditLimit {
  const minor = amount === null || currency === null ? null : parseMinor(amount, currency)
  return { state, amount: minor === null || currency === null ? null : { minor, currency } }
}
