/** Reads customers' credit for KPIs: what stands on the days that they ask for, and what happened in their periods. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { microseconds } from '@tidemark/drizzle/columns.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { firstOfMonth, type Period } from '../domain/calendar.ts'
import type { Conventions } from '../domain/conventions.ts'
import {
  creditBookOf,
  DECISION_DAYS,
  type CreditBook,
  type CreditScope,
  type DecidedRow,
  type ReleaseRow,
} from '../domain/credit-figures.ts'
import { formatDay, type Day } from '../domain/day.ts'
import type { Input, KpiDefinition, Point } from '../domain/kpi.ts'
import type { PlanRow, PlanScope } from '../domain/sales-plan.ts'
import { readSalesPlan } from '../ledger/sales-plan.ts'
import { readCreditDays } from './credit-days.ts'
import type { Group } from './segments.ts'

export type CreditNeeds = {
  /** What stands at their ends. */
  readonly days: ReadonlySet<Day>
  /** From the first to the last day of all periods; null where no movement is asked for. */
  readonly period: Period | null
  readonly customerIds: readonly string[]
  /** The first days of the months whose plan is asked for. */
  readonly months: ReadonlySet<Day>
}

type Asked = {
  readonly definition: KpiDefinition
  readonly conventions: Conventions
  readonly points: readonly Point[]
  readonly groups: readonly Group[]
}

const isOfCredit = ({ read }: Input): boolean =>
  read === 'credit' || read === 'released' || read === 'decided' || read === 'plan'

/** What the asks take of credit; null where they take nothing. */
export function creditNeeds(asks: readonly Asked[]): CreditNeeds | null {
  const days = new Set<Day>()
  let from = Infinity
  let to = -Infinity
  const customerIds = new Set<string>()
  const months = new Set<Day>()
  for (const { definition, conventions, points, groups } of asks) {
    for (const point of points) {
      if (point.day > point.asOf) continue
      const inputs = Object.values(definition.inputs(point, conventions)).flat()
      const taken = inputs.filter(isOfCredit)
      if (taken.length === 0) break
      for (const input of taken) {
        if (input.read === 'credit' || input.read === 'plan') days.add(input.day)
        if (input.read === 'plan') months.add(firstOfMonth(input.day))
        if (input.read !== 'released' && input.read !== 'decided') continue
        from = Math.min(from, input.period.from)
        to = Math.max(to, input.period.to)
      }
      for (const { customerIds: own } of groups) for (const id of own ?? []) customerIds.add(id)
    }
  }
  const period = from <= to ? { from, to } : null
  return days.size === 0 && period === null ? null : { days, period, customerIds: [...customerIds], months }
}

export type CreditRead = { readonly book: CreditBook; readonly plan: readonly PlanRow[] }

/** `knownAt`: null for all that is committed. */
export async function readCreditBook(
  tx: Tx,
  organizationId: string,
  { days, period, customerIds, months }: CreditNeeds,
  knownAt: Temporal.Instant | null,
): Promise<CreditRead> {
  const asked = { organizationId, customerIds, knownAt }
  const [rows, released, decided, plan] = await Promise.all([
    days.size === 0 ? [] : readCreditDays(tx, { ...asked, days: [...days] }),
    period === null ? [] : readReleased(tx, { ...asked, period }),
    period === null ? [] : readDecided(tx, { ...asked, period }),
    months.size === 0 ? [] : readSalesPlan(tx, organizationId, [...months], knownAt),
  ])
  return { book: creditBookOf(rows, released, decided), plan }
}

/**
 * Whose credit belongs to the group; null where it is cut by what customers are not told apart by: a currency, or a product
 * line. Customers are where they are today.
 */
export function creditScopeOf({ within, customerIds }: Group): CreditScope | null {
  const { currency, productLine, ...dimensions } = within
  if (currency !== undefined || productLine !== undefined) return null
  return { ...dimensions, ...(customerIds === null ? {} : { customerId: customerIds }) }
}

/** Which part of the plan of sales belongs to the group; null where it is cut by what the plan does not tell apart. */
export function planScopeOf({ within, customerIds }: Group): PlanScope | null {
  const { channel, region, productLine, ...others } = within
  if (customerIds !== null || Object.keys(others).length > 0) return null
  return {
    ...(channel === undefined ? {} : { channel }),
    ...(region === undefined ? {} : { region }),
    ...(productLine === undefined ? {} : { productLine }),
  }
}

type ReleasedQuery = {
  readonly organizationId: string
  readonly period: Period
  readonly customerIds: readonly string[]
  readonly knownAt: Temporal.Instant | null
}

type ReleasedRecord = Omit<ReleaseRow, 'minor'> & { readonly minor: string }

async function readReleased(
  tx: Tx,
  { organizationId, period, customerIds, knownAt }: ReleasedQuery,
): Promise<ReleaseRow[]> {
  const rows = await tx.sql<ReleasedRecord[]>`
    select event.occurred_on - date '1970-01-01' as day,
      case when customer.id = any(${arrayOf(customerIds)}::uuid[]) then customer.id end as "customerId",
      business_unit as "businessUnit", region, channel, owner_id as "collectorId", currency,
      sum(event.amount)::text as minor, count(*)::int as orders
    from order_event as event
    join sales_order on sales_order.organization_id = event.organization_id and sales_order.id = event.order_id
    join customer on customer.organization_id = sales_order.organization_id and customer.id = sales_order.customer_id
    where event.organization_id = ${organizationId} and event.kind = 'RELEASED' and event.is_over_limit
      and event.occurred_on between ${formatDay(period.from)}::date and ${formatDay(period.to)}::date
      and event.recorded_at <= coalesce(${knownAt === null ? null : microseconds(knownAt)}::timestamptz, 'infinity')
    group by 1, 2, 3, 4, 5, 6, 7`
  return rows.map((row) => ({ ...row, minor: BigInt(row.minor) }))
}

/** Of somebody who is no customer nobody knows where it belongs: only the whole has it. A decision is known from then on. */
async function readDecided(
  tx: Tx,
  { organizationId, period, customerIds, knownAt }: ReleasedQuery,
): Promise<DecidedRow[]> {
  return tx.sql<DecidedRow[]>`
    select decided_on - date '1970-01-01' as day,
      case when customer.id = any(${arrayOf(customerIds)}::uuid[]) then customer.id end as "customerId",
      business_unit as "businessUnit", region, channel, owner_id as "collectorId", count(*)::int as count,
      sum(business_days)::int as days, (count(*) filter (where business_days <= ${DECISION_DAYS}))::int as "inTime"
    from credit_application as application
    left join customer on customer.organization_id = application.organization_id
      and customer.id = application.customer_id
    where application.organization_id = ${organizationId}
      and decided_on between ${formatDay(period.from)}::date and ${formatDay(period.to)}::date
      and decided_at <= coalesce(${knownAt === null ? null : microseconds(knownAt)}::timestamptz, 'infinity')
    group by 1, 2, 3, 4, 5, 6`
}
