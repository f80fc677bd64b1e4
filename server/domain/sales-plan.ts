/** The plan of sales on credit, and which credit lines it takes. */
import { endOfMonth, firstOfMonth } from './calendar.ts'
import type { CreditBook } from './credit-figures.ts'
import type { Day } from './day.ts'
import { Exact, type Money } from './money.ts'
import type { MissingRate, Rates } from './rates.ts'

/** By what a plan tells sales apart; null where a row does not say. */
export type PlanDimensions = {
  readonly channel: string | null
  readonly region: string | null
  readonly productLine: string | null
}

export type PlanRow = PlanDimensions & {
  /** The first day of its month. */
  readonly month: Day
  /** What is to be sold on credit in it, tax included. */
  readonly planned: Money
  /** How many days customers are given to pay. */
  readonly termsDays: number
}

/** Which of a dimension's values are meant; of a dimension that is left out, any. */
export type PlanScope = { readonly [Dimension in keyof PlanDimensions]?: readonly (string | null)[] }

/** Amounts in major units of one currency. */
export type PlanLine = {
  readonly productLine: string | null
  readonly planned: Exact
  readonly needed: Exact
  /** Its part of the segment's, by what it needs. */
  readonly shortfall: Exact
}

/** What is sold in one channel to one region: customers there share their credit lines over all product lines. */
export type PlanSegment = {
  readonly channel: string | null
  readonly region: string | null
  readonly planned: Exact
  readonly needed: Exact
  /** Of the customers there, on the day that is asked for. */
  readonly exposure: Exact
  readonly headroom: Exact
  /** Beyond what is in use already and what is free. */
  readonly shortfall: Exact
  readonly lines: readonly PlanLine[]
}

type Asked = {
  /** Its month is told. */
  readonly month: Day
  /** On which day credit is looked at; amounts are at its rates. */
  readonly day: Day
  readonly currency: string
  readonly rates: Rates
  readonly credit: CreditBook
}

/** planned x days of terms / days of the month: what customers owe at a time where all is sold evenly and paid when due. */
export const lineNeeded = (planned: Exact, termsDays: number, month: Day): Exact =>
  planned.times(termsDays).div(endOfMonth(month) - firstOfMonth(month) + 1)

/** needed - exposure, the part that is in use already, - headroom, the part that is free; 0 where that is enough. */
export const shortfallOf = (needed: Exact, exposure: Exact, headroom: Exact): Exact => {
  const more = Exact.max(needed.minus(exposure), 0)
  return Exact.max(more.minus(headroom), 0)
}

/**
 * A month of the plan, segment by segment. Customers belong to the segment of their own channel and region, as far as the
 * month's plan tells these apart: where no row names a region, customers of every region belong to the channel.
 */
export function planSegments(rows: readonly PlanRow[], asked: Asked): PlanSegment[] | MissingRate {
  const own = rows.filter(({ month }) => month === asked.month)
  const byChannel = own.some(({ channel }) => channel !== null)
  const byRegion = own.some(({ region }) => region !== null)
  const segments: PlanSegment[] = []
  for (const members of Map.groupBy(own, ({ channel, region }) =>
    JSON.stringify([channel, region]),
  ).values()) {
    const [first] = members
    if (first === undefined) continue
    const { channel, region } = first
    const scope = { ...(byChannel ? { channel: [channel] } : {}), ...(byRegion ? { region: [region] } : {}) }
    const segment = segmentOf(members, { channel, region }, scope, asked)
    if (!('planned' in segment)) return segment
    segments.push(segment)
  }
  return segments
}

function segmentOf(
  rows: readonly PlanRow[],
  place: Pick<PlanSegment, 'channel' | 'region'>,
  scope: Pick<PlanScope, 'channel' | 'region'>,
  { month, day, currency, rates, credit }: Asked,
): PlanSegment | MissingRate {
  const parts: Omit<PlanLine, 'shortfall'>[] = []
  for (const { productLine, planned, termsDays } of rows) {
    const rate = rates.perMinorUnit(planned.currency, currency, day)
    if (!Exact.isDecimal(rate)) return rate
    const amount = rate.times(planned.minor.toString())
    parts.push({ productLine, planned: amount, needed: lineNeeded(amount, termsDays, month) })
  }
  const exposure = credit.amount('exposure', scope, day, { rates, currency })
  const headroom = credit.amount('headroom', scope, day, { rates, currency })
  if (!Exact.isDecimal(exposure)) return exposure
  if (!Exact.isDecimal(headroom)) return headroom
  const needed = sum(parts.map((part) => part.needed))
  const shortfall = shortfallOf(needed, exposure, headroom)
  return {
    ...place,
    planned: sum(parts.map((part) => part.planned)),
    needed,
    exposure,
    headroom,
    shortfall,
    lines: parts.map((part) => ({
      ...part,
      shortfall: needed.isZero() ? needed : shortfall.times(part.needed).div(needed),
    })),
  }
}

const sum = (all: readonly Exact[]): Exact => all.reduce((total, one) => total.plus(one), new Exact(0))

export const PLAN_FIGURES = ['planned', 'needed', 'shortfall'] as const
export type PlanFigure = (typeof PLAN_FIGURES)[number]

/** One figure of the segments and product lines within the scope; null where the plan has none of them. */
export function planFigure(
  segments: readonly PlanSegment[],
  figure: PlanFigure,
  { channel, region, productLine }: PlanScope,
): Exact | null {
  const lines = segments
    .filter((one) => (channel?.includes(one.channel) ?? true) && (region?.includes(one.region) ?? true))
    .flatMap((one) => one.lines)
    .filter((one) => productLine?.includes(one.productLine) ?? true)
  return lines.length === 0 ? null : sum(lines.map((line) => line[figure]))
}
