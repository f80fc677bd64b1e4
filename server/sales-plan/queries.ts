/** Credit lines against the plan of sales. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { dayAt, firstOfMonth } from '../domain/calendar.ts'
import { creditBookOf } from '../domain/credit-figures.ts'
import { dateOf, dayOf, type Day } from '../domain/day.ts'
import { Exact, minorOf, type Money } from '../domain/money.ts'
import { planSegments, type PlanSegment } from '../domain/sales-plan.ts'
import { checkCurrency, checkDay, noRate, refuseIf } from '../kpi/check.ts'
import { readCreditDays } from '../kpi/credit-days.ts'
import { readRates } from '../ledger/rates.ts'
import { readSalesPlan } from '../ledger/sales-plan.ts'

export type CreditLineQuery = {
  readonly from?: Temporal.PlainDate | null | undefined
  readonly months: number
  readonly asOf?: Temporal.PlainDate | null | undefined
  readonly currency?: string | null | undefined
  readonly now: Temporal.Instant
}

type Figures = 'planned' | 'needed' | 'shortfall'

export type CreditLineMonth = { readonly [Figure in Figures]: Money } & {
  readonly month: Temporal.PlainDate
  readonly segments: readonly CreditLineSegment[]
}

export type CreditLineSegment = {
  readonly [Figure in Figures | 'exposure' | 'headroom']: Money
} & {
  readonly channel: string | null
  readonly region: string | null
  readonly lines: readonly ({ readonly [Figure in Figures]: Money } & {
    readonly productLine: string | null
  })[]
}

const MONTHS_MAX = 24

/** Throws BAD_USER_INPUT that names the argument, or MISSING_RATE. */
export async function readCreditLinePlan(
  tx: Tx,
  organization: Pick<OrganizationRow, 'id' | 'baseCurrency' | 'timeZone'>,
  { now, ...query }: CreditLineQuery,
): Promise<CreditLineMonth[]> {
  const today = dayAt(now, organization.timeZone)
  const day = query.asOf == null ? today : checkDay(query.asOf, 'asOf')
  refuseIf(day > today && `asOf must not lie after today, ${dateOf(today).toString()}.`)
  refuseIf(
    (query.months < 1 || query.months > MONTHS_MAX) &&
      `months must be from 1 to ${MONTHS_MAX}, not ${query.months}.`,
  )
  const currency = checkCurrency(query.currency, organization.baseCurrency)
  const first = dateOf(firstOfMonth(query.from == null ? day : checkDay(query.from, 'from')))
  const months = Array.from({ length: query.months }, (_, index) => dayOf(first.add({ months: index })))
  const asked = { organizationId: organization.id, days: [day], knownAt: null, customerIds: [] }
  const [rows, plan, rates] = await Promise.all([
    readCreditDays(tx, asked),
    readSalesPlan(tx, organization.id, months, null),
    readRates(tx, organization, day, day),
  ])
  const credit = creditBookOf(rows)
  return months.map((month) => {
    const segments = planSegments(plan, { month, day, currency, rates, credit })
    if (!Array.isArray(segments)) throw noRate(segments)
    return monthOf(month, segments, currency)
  })
}

function monthOf(month: Day, segments: readonly PlanSegment[], currency: string): CreditLineMonth {
  const money = (amount: Exact): Money => ({ minor: minorOf(amount, currency), currency })
  const figures = (of: Pick<PlanSegment, Figures>) => ({
    planned: money(of.planned),
    needed: money(of.needed),
    shortfall: money(of.shortfall),
  })
  const sum = (figure: Figures) =>
    segments.reduce((total, segment) => total.plus(segment[figure]), new Exact(0))
  return {
    month: dateOf(month),
    ...figures({ planned: sum('planned'), needed: sum('needed'), shortfall: sum('shortfall') }),
    segments: segments.toSorted(byShortfall).map((segment) => ({
      channel: segment.channel,
      region: segment.region,
      ...figures(segment),
      exposure: money(segment.exposure),
      headroom: money(segment.headroom),
      lines: segment.lines.map((line) => ({ productLine: line.productLine, ...figures(line) })),
    })),
  }
}

const byShortfall = (a: PlanSegment, b: PlanSegment): number =>
  b.shortfall.comparedTo(a.shortfall) || b.needed.comparedTo(a.needed)
