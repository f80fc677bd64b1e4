/** What stands of customers' credit on a day, added up: exposure, limits, headroom, reviews. What KPIs of credit are made of. */
import type { Period } from './calendar.ts'
import type { CreditLimit } from './credit-limit.ts'
import type { Day } from './day.ts'
import { convert, groupCommitted } from './exposure.ts'
import { Exact, type Money } from './money.ts'
import type { MissingRate, Rates } from './rates.ts'

export type RiskClass = 'LOW' | 'MEDIUM' | 'HIGH'

/** By what customers are told apart, as they are today. */
export type CustomerDimensions = {
  readonly businessUnit: string | null
  readonly region: string | null
  readonly channel: string | null
  readonly collectorId: string | null
}

/**
 * One customer on a day, or many who are alike: of the same dimensions, risk class, kind of limit and schedule, all with one
 * currency alone, and all within their limits, all above them, or all with more paid than they owe.
 */
export type CreditRow = CustomerDimensions & {
  readonly day: Day
  /** Of one customer; null for many. Whoever has somebody above or below, or more than one currency, is one. */
  readonly customerId: string | null
  /** Who stands above it on the day. */
  readonly parentId: string | null
  readonly customers: number
  readonly riskClass: RiskClass | null
  /** Of many the sum of their limits. */
  readonly limit: CreditLimit
  /** Whether goods may be had on credit by it at all: a limit above 0, or none by decision. */
  readonly isLine: boolean
  readonly review: 'NONE' | 'ON_SCHEDULE' | 'OVERDUE'
  /** The exposure, per currency. */
  readonly used: readonly Money[]
}

/** Orders that were released although a limit was exceeded, on a day. */
export type ReleaseRow = CustomerDimensions &
  Money & {
    readonly day: Day
    readonly customerId: string | null
    readonly orders: number
  }

/** Applications that were decided on, on a day. */
export type DecidedRow = CustomerDimensions & {
  readonly day: Day
  readonly customerId: string | null
  readonly count: number
  /** Business days that they took, added up. */
  readonly days: number
  /** How many of them took at most `DECISION_DAYS`. */
  readonly inTime: number
}

/** A decision that takes longer is late: KPIS.md D 8, two business days. */
export const DECISION_DAYS = 2

/** Which of a dimension's values are meant; of a dimension that is left out, any. */
export type CreditScope = {
  readonly [Dimension in keyof CustomerDimensions]?: readonly (string | null)[]
} & { readonly customerId?: readonly string[] }

/** Things that are counted. */
export const CREDIT_COUNTS = [
  'classified',
  'limited',
  'overLimit',
  'lines',
  'scheduled',
  'onSchedule',
] as const
/** Sums of money. */
export const CREDIT_AMOUNTS = ['exposure', 'highRisk', 'used', 'limits', 'headroom', 'excess'] as const

export type CreditCount = (typeof CREDIT_COUNTS)[number]
export type CreditAmount = (typeof CREDIT_AMOUNTS)[number]

/** At which rates, and in which currency the answer is. */
export type Valuing = { readonly rates: Rates; readonly currency: string }

export type CreditBook = {
  /** In major units of the answer's currency. */
  readonly amount: (what: CreditAmount, scope: CreditScope, day: Day, by: Valuing) => Exact | MissingRate
  readonly count: (what: CreditCount, scope: CreditScope, day: Day, rates: Rates) => number | MissingRate
  readonly released: (scope: CreditScope, period: Period) => readonly ReleaseRow[]
  readonly decided: (scope: CreditScope, period: Period) => readonly DecidedRow[]
}

export function creditBookOf(
  rows: readonly CreditRow[],
  released: readonly ReleaseRow[] = [],
  decided: readonly DecidedRow[] = [],
): CreditBook {
  const within = <Row extends ReleaseRow | DecidedRow>(
    all: readonly Row[],
    scope: CreditScope,
    { from, to }: Period,
  ) => all.filter((row) => row.day >= from && row.day <= to && isWithin(row, scope))
  const byDay = Map.groupBy(rows, ({ day }) => day)
  const holders = new Map<Day, readonly Holder[] | MissingRate>()
  const rowsOf = (scope: CreditScope, day: Day) =>
    (byDay.get(day) ?? []).filter((row) => isWithin(row, scope))
  const holdersOf = (scope: CreditScope, day: Day, rates: Rates) => {
    const all = holders.get(day) ?? limitHolders(byDay.get(day) ?? [], rates, day)
    holders.set(day, all)
    return isMissing(all) ? all : all.filter(({ row }) => isWithin(row, scope))
  }
  const amount: CreditBook['amount'] = (what, scope, day, by) => {
    if (what === 'exposure' || what === 'highRisk') {
      const chosen = rowsOf(scope, day).filter(({ riskClass }) => what === 'exposure' || riskClass === 'HIGH')
      return sumOf(
        chosen.map(({ used }) => used),
        day,
        by,
      )
    }
    const held = holdersOf(scope, day, by.rates)
    return isMissing(held)
      ? held
      : sumOf(
          held.map((holder) => [amountOf(what, holder)]),
          day,
          by,
        )
  }
  const count: CreditBook['count'] = (what, scope, day, rates) => {
    if (what === 'overLimit') {
      const held = holdersOf(scope, day, rates)
      return isMissing(held) ? held : customersIn(held.filter(isOver).map(({ row }) => row))
    }
    return customersIn(rowsOf(scope, day).filter(COUNTED[what]))
  }
  return {
    amount,
    count,
    released: (scope, period) => within(released, scope, period),
    decided: (scope, period) => within(decided, scope, period),
  }
}

const COUNTED: Readonly<Record<Exclude<CreditCount, 'overLimit'>, (row: CreditRow) => boolean>> = {
  classified: ({ riskClass }) => riskClass !== null,
  limited: ({ limit }) => limit.amount !== null,
  lines: ({ isLine }) => isLine,
  scheduled: ({ isLine, review }) => isLine && review !== 'NONE',
  onSchedule: ({ isLine, review }) => isLine && review === 'ON_SCHEDULE',
}

const customersIn = (rows: readonly CreditRow[]): number => rows.reduce((sum, row) => sum + row.customers, 0)

const isWithin = (row: CustomerDimensions & { readonly customerId: string | null }, scope: CreditScope) =>
  (scope.customerId === undefined ||
    (row.customerId !== null && scope.customerId.includes(row.customerId))) &&
  DIMENSIONS.every((dimension) => scope[dimension]?.includes(row[dimension]) ?? true)

const DIMENSIONS = ['businessUnit', 'region', 'channel', 'collectorId'] as const

/** What each has in its currencies, with 0 at least: a customer's own credit balance is nobody else's. */
function sumOf(
  each: readonly (readonly Money[])[],
  day: Day,
  { rates, currency }: Valuing,
): Exact | MissingRate {
  let sum = new Exact(0)
  for (const one of each) {
    let own = new Exact(0)
    for (const { minor, currency: from } of one) {
      if (minor === 0n) continue
      const rate = rates.perMinorUnit(from, currency, day)
      if (!Exact.isDecimal(rate)) return rate
      own = own.plus(rate.times(minor.toString()))
    }
    if (own.gt(0)) sum = sum.plus(own)
  }
  return sum
}

/** A limit, and what is used of it. */
type Holder = {
  readonly row: CreditRow
  readonly limit: Money
  /** By itself and all below it, each with 0 at least. */
  readonly used: bigint
  /** Nobody above it has a limit, so that its own is there to be used. */
  readonly isTop: boolean
}

function limitHolders(rows: readonly CreditRow[], rates: Rates, day: Day): Holder[] | MissingRate {
  const one = new Map(
    rows.flatMap((row) => (row.customerId === null ? [] : [[row.customerId, row] as const])),
  )
  const below = Map.groupBy(
    [...one.values()].filter(({ parentId }) => parentId !== null),
    ({ parentId }) => parentId,
  )
  const membersOf = (row: CreditRow): CreditRow[] => [
    row,
    ...(row.customerId === null ? [] : (below.get(row.customerId) ?? []).flatMap(membersOf)),
  ]
  const hasLimitAbove = ({ parentId }: CreditRow): boolean => {
    const parent = parentId === null ? undefined : one.get(parentId)
    return parent !== undefined && (parent.limit.amount !== null || hasLimitAbove(parent))
  }
  const holders: Holder[] = []
  for (const row of rows) {
    const limit = row.limit.amount
    if (limit === null) continue
    const each: bigint[] = []
    for (const member of membersOf(row)) {
      const minor = usedIn(limit.currency, member, rates, day)
      if (isMissing(minor)) return minor
      each.push(minor)
    }
    const used = groupCommitted(each)
    holders.push({ row, limit, used: used > 0n ? used : 0n, isTop: !hasLimitAbove(row) })
  }
  return holders
}

function usedIn(currency: string, { used }: CreditRow, rates: Rates, day: Day): bigint | MissingRate {
  let sum = 0n
  for (const money of used) {
    const minor = convert(money, currency, rates, day)
    if (isMissing(minor)) return minor
    sum += minor
  }
  return sum
}

const isOver = ({ used, limit }: Holder): boolean => used > limit.minor

/** Of a limit below another one only what exceeds it is told: else the same room would be counted twice. */
function amountOf(what: Exclude<CreditAmount, 'exposure' | 'highRisk'>, holder: Holder): Money {
  const { limit, used, isTop } = holder
  const money = (minor: bigint): Money => ({ minor, currency: limit.currency })
  if (what === 'excess') return money(isOver(holder) ? used - limit.minor : 0n)
  if (!isTop) return money(0n)
  if (what === 'used') return money(used)
  if (what === 'limits') return limit
  return money(isOver(holder) ? 0n : limit.minor - used)
}

const isMissing = (value: object | bigint | number): value is MissingRate =>
  typeof value === 'object' && 'day' in value
