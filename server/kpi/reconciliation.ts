/**
 * The books of a period line by line. What stands before, what happened and what stands after are read independently of
 * each other; that they agree in every currency is the check.
 */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { minorOf } from '../domain/aging.ts'
import { bookOf, type Book } from '../domain/book.ts'
import { dayAt, firstOfMonth } from '../domain/calendar.ts'
import { dateOf, formatDay, type Day } from '../domain/day.ts'
import { balance, moneyIn } from '../domain/kpi-inputs.ts'
import type { MeasureOf } from '../domain/kpi.ts'
import { Exact, majorOf, type Money } from '../domain/money.ts'
import { addInput, noNeeds } from '../domain/needs.ts'
import { isMissing, type Rates } from '../domain/rates.ts'
import { readAging } from './aging.ts'
import { fetchBooks } from './answer.ts'
import { checkCurrency, checkDay, checkOrder, noRate, refuseIf } from './check.ts'
import { readBalancesOfEntries } from './ledger-balances.ts'
import { groupSegments, type SegmentFilter } from './segments.ts'
import { knownAtOf, readSource, type Knowledge, type KpiOrganization } from './source.ts'

export type ReconciliationQuery = {
  readonly asOf?: Temporal.PlainDate | null | undefined
  readonly from?: Temporal.PlainDate | null | undefined
  readonly filter?: SegmentFilter | null | undefined
  readonly currency?: string | null | undefined
  readonly now: Temporal.Instant
} & Knowledge

export type ReconciliationAnswer = {
  readonly from: Temporal.PlainDate
  readonly asOf: Temporal.PlainDate
  readonly knownAt: Temporal.Instant
  readonly lines: readonly ReconciliationLine[]
  /** Reads the whole ledger. */
  readonly unexplained: (tx: Tx) => Promise<Money>
}

export type ReconciliationLine = { readonly kind: LineKind; readonly amount: Money }

/** What happens to receivables, by the sign with which the KPI store counts it. */
const movements = {
  BILLED: ['BILLED', 1],
  CREDITS_APPLIED: ['CREDIT_APPLIED', -1],
  PAID: ['PAID', -1],
  DISCOUNTS: ['DISCOUNTED', -1],
  WRITTEN_OFF: ['WRITTEN_OFF', -1],
  RECOVERED: ['RECOVERED', 1],
  ADJUSTED: ['ADJUSTED', 1],
  TRANSFERRED: ['TRANSFERRED', 1],
} as const satisfies { readonly [kind: string]: readonly [MeasureOf<'movement'>, 1 | -1] }

type MovementKind = keyof typeof movements
const movementKinds = Object.keys(movements) as MovementKind[]
const bucketKinds = ['CURRENT', 'PAST_DUE_1_30', 'PAST_DUE_31_60', 'PAST_DUE_61_90', 'PAST_DUE_91'] as const

export type LineKind =
  | 'OPENING'
  | MovementKind
  | 'FX_DIFFERENCE'
  | 'CLOSING'
  | (typeof bucketKinds)[number]
  | 'UNAPPLIED_CASH'
  | 'UNAPPLIED_CREDITS'
  | 'LEDGER_BALANCE'

export const lineNames: { readonly [Kind in LineKind]: string } = {
  OPENING: 'Opening balance',
  BILLED: 'Billed',
  CREDITS_APPLIED: 'Credit notes applied',
  PAID: 'Payments applied',
  DISCOUNTS: 'Discounts',
  WRITTEN_OFF: 'Written off',
  RECOVERED: 'Recovered',
  ADJUSTED: 'Adjustments',
  TRANSFERRED: 'Transferred between segments',
  FX_DIFFERENCE: 'Exchange rate difference',
  CLOSING: 'Closing balance',
  CURRENT: 'Not past due',
  PAST_DUE_1_30: '1-30 days past due',
  PAST_DUE_31_60: '31-60 days past due',
  PAST_DUE_61_90: '61-90 days past due',
  PAST_DUE_91: 'More than 90 days past due',
  UNAPPLIED_CASH: 'Unapplied cash',
  UNAPPLIED_CREDITS: 'Unapplied credit notes',
  LEDGER_BALANCE: 'Ledger balance',
}

/** The answer of `reconciliation`. Throws BAD_USER_INPUT that names the argument, or MISSING_RATE. */
export async function readReconciliation(
  tx: Tx,
  organization: KpiOrganization,
  query: ReconciliationQuery,
): Promise<ReconciliationAnswer> {
  const today = dayAt(query.now, organization.timeZone)
  const to = query.asOf == null ? today : checkDay(query.asOf, 'asOf')
  refuseIf(
    to > today && `asOf must not lie after today, which is ${formatDay(today)} in ${organization.timeZone}.`,
  )
  const from = query.from == null ? firstOfMonth(to) : checkDay(query.from, 'from')
  checkOrder(from, to)
  const currency = checkCurrency(query.currency, organization.baseCurrency)
  const knownAt = knownAtOf(query)

  // Also refuses what was not known by then.
  const aging = await readAging(tx, organization, {
    ...query,
    asOf: dateOf(to),
    by: 'DUE_DATE',
    edges: [30, 60, 90],
  })
  const { source, segments } = await readSource(tx, organization, knownAt)
  const [group] = groupSegments(segments, query.filter, [])
  if (group === undefined) throw new Error('Without dimensions there is one group')
  const needs = noNeeds()
  const period = { from, to }
  for (const measure of ['OPEN_BY_DUE', 'UNAPPLIED_CASH', 'UNAPPLIED_CREDIT'] as const)
    for (const day of [from - 1, to]) addInput(needs, balance(measure, day, null, 'amount'), day)
  for (const kind of movementKinds) addInput(needs, moneyIn(movements[kind][0], period), from)
  const { rowsOf, rates } = await fetchBooks(source, needs, [group], [currency], {
    first: from - 1,
    last: to,
  })
  const book = bookOf(rowsOf(group))
  const rolled = rollForward(book, rates, currency, from, to)

  const money = (minor: bigint): Money => ({ minor, currency })
  const buckets = bucketKinds.map((kind, index): ReconciliationLine => ({
    kind,
    amount: aging.buckets[index]?.amount ?? money(0n),
  }))
  return {
    from: dateOf(from),
    asOf: dateOf(to),
    knownAt,
    lines: [
      ...rolled.lines,
      ...buckets,
      { kind: 'UNAPPLIED_CASH', amount: money(-aging.unappliedCash.minor) },
      { kind: 'UNAPPLIED_CREDITS', amount: money(-aging.unappliedCredits.minor) },
      { kind: 'LEDGER_BALANCE', amount: aging.ledgerBalance },
    ],
    unexplained: async (tx) => {
      const entries = await readBalancesOfEntries(tx, organization.id, segments, group, to, knownAt)
      const sums = Map.groupBy(entries, (sum) => sum.currency)
      const apart = [...new Set([...book.currencies, ...sums.keys()])].map((own) => {
        const ofEntries = (sums.get(own) ?? []).reduce((sum, { minor }) => sum + minor, 0n)
        return inAnswer(
          rates,
          { minor: ofEntries - ledgerBalance(book, own, to), currency: own },
          currency,
          to,
        )
      })
      const exact = apart.reduce((sum, amount) => sum.plus(amount.abs()), rolled.unexplained)
      return money(minorOf(exact, currency))
    },
  }
}

const zero = new Exact(0)

function inAnswer(rates: Rates, { minor, currency: from }: Money, to: string, day: Day): Exact {
  if (minor === 0n) return zero
  const rate = rates.between(from, to, day)
  if (isMissing(rate)) throw noRate(rate)
  return majorOf({ minor, currency: from }).times(rate)
}

const ledgerBalance = (book: Book, currency: string, day: Day): bigint => {
  const standing = (measure: MeasureOf<'balance'>) => book.balance(measure, currency, day, null).amount
  return standing('OPEN_BY_DUE') - standing('UNAPPLIED_CASH') - standing('UNAPPLIED_CREDIT')
}

/**
 * Balances at the rates of their days, what happened at the rate of its day. In every currency opening and what happened
 * are the closing balance, so what the lines lack is what moving rates made of them; what a currency lacks is nobody's.
 */
function rollForward(book: Book, rates: Rates, currency: string, from: Day, to: Day) {
  const worth = (minor: bigint, own: string, day: Day) =>
    inAnswer(rates, { minor, currency: own }, currency, day)
  const standing = (day: Day): Exact =>
    book.currencies.reduce(
      (sum, own) => sum.plus(worth(book.balance('OPEN_BY_DUE', own, day, null).amount, own, day)),
      zero,
    )
  const moved = (kind: MovementKind): Exact => {
    const [measure, sign] = movements[kind]
    return book.currencies
      .flatMap((own) =>
        own === currency
          ? [worth(book.movement(measure, own, { from, to }).amount, own, to)]
          : book.movementsOf(measure, own, { from, to }).map((row) => worth(row.amount, own, row.day)),
      )
      .reduce((sum, amount) => sum.plus(amount), zero)
      .times(sign)
  }
  const unexplained = book.currencies.reduce((sum, own) => {
    const happened = movementKinds.reduce((all, kind) => {
      const [measure, sign] = movements[kind]
      return all + BigInt(sign) * book.movement(measure, own, { from, to }).amount
    }, 0n)
    const opening = book.balance('OPEN_BY_DUE', own, from - 1, null).amount
    const closing = book.balance('OPEN_BY_DUE', own, to, null).amount
    return sum.plus(worth(closing - opening - happened, own, to).abs())
  }, zero)

  const shown = (kind: LineKind, exact: Exact): ReconciliationLine => ({
    kind,
    amount: { minor: minorOf(exact, currency), currency },
  })
  const opening = shown('OPENING', standing(from - 1))
  const closing = shown('CLOSING', standing(to))
  const happened = movementKinds.map((kind) => shown(kind, moved(kind)))
  // With what rounding each line leaves: so the lines add up as shown.
  const difference = happened.reduce(
    (rest, line) => rest - line.amount.minor,
    closing.amount.minor - opening.amount.minor,
  )
  const isForeign = book.currencies.some((own) => own !== currency)
  const fx: ReconciliationLine = {
    kind: 'FX_DIFFERENCE',
    amount: { minor: isForeign ? difference : 0n, currency },
  }
  return { lines: [opening, ...happened, fx, closing], unexplained }
}
