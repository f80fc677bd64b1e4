/** Every invoice of an organization as the ledger's rows tell it, for figures that no KPI is made of. */
import { Decimal } from 'decimal.js'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { formatDay, parseDay, type Day } from '@tidemark/server/domain/day.ts'

export type Billed = {
  readonly customer: string
  readonly region: string | null
  readonly issuedOn: Day
  readonly dueOn: Day
  /** Major units. */
  readonly amount: Decimal
  readonly settledOn: Day | null
  readonly disputed: boolean
}

/** The invoices in a currency with two digits. */
export const readBilled = (
  connection: Connection,
  organizationId: string,
  currency: string,
): Promise<readonly Billed[]> =>
  inTransaction(connection, { organizationId, mode: 'read' }, async (tx) => {
    const rows = await tx.sql<
      Record<'customer' | 'region' | 'issued' | 'due' | 'amount' | 'settled', string>[]
    >`
      select c.number as customer, s.region, i.issued_on as issued, i.due_on as due, billed.amount::text,
        case when billed.balance = 0 then billed.paid_on end as settled,
        exists (select from ledger_entry d where d.kind = 'DISPUTE_OPENED' and d.counterpart_id = i.id) as disputed
      from invoice i
      join item on item.id = i.id
      join customer c on c.id = item.customer_id
      join segment s on s.id = item.segment_id
      cross join lateral (
        select sum(amount) filter (where kind = 'INVOICED') as amount, sum(amount) as balance,
          max(occurred_on) filter (where kind = 'PAYMENT_APPLIED') as paid_on
        from ledger_entry e where e.item_id = i.id
      ) billed
      where s.currency = ${currency}`
    return rows.map(({ issued, due, amount, settled, ...row }) => ({
      ...(row as unknown as Pick<Billed, 'customer' | 'region' | 'disputed'>),
      issuedOn: dayOf(issued),
      dueOn: dayOf(due),
      amount: new Decimal(amount).div(100),
      settledOn: settled === null ? null : dayOf(settled),
    }))
  })

/** Those with a balance at the end of the day. */
export const openOn = (invoices: readonly Billed[], day: Day): Billed[] =>
  invoices.filter(({ issuedOn, settledOn }) => issuedOn <= day && (settledOn === null || settledOn > day))

export const totalOf = (invoices: readonly Billed[]): Decimal =>
  invoices.reduce((sum, { amount }) => sum.plus(amount), new Decimal(0))

/** The figures of the expected file's `profile`. */
export function profileOf(invoices: readonly Billed[]) {
  const settled = invoices.filter(isSettled)
  const amounts = invoices.map(({ amount }) => amount)
  return {
    invoices: invoices.length,
    customers: new Set(invoices.map(({ customer }) => customer)).size,
    settled: settled.length,
    open: invoices.length - settled.length,
    amount_total: totalOf(invoices).toNumber(),
    amount_min: Decimal.min(...amounts).toNumber(),
    amount_max: Decimal.max(...amounts).toNumber(),
    invoice_date: rangeOf(invoices.map(({ issuedOn }) => issuedOn)),
    due_date: rangeOf(invoices.map(({ dueOn }) => dueOn)),
    settled_date: rangeOf(settled.map(({ settledOn }) => settledOn)),
    settled_all_time: settledFigures(settled),
    late_rate: share(settled, ({ settledOn, dueOn }) => settledOn > dueOn),
    late_rate_weekend_rolled: share(settled, ({ settledOn, dueOn }) => settledOn > rolled(dueOn)),
    settled_before_invoice: settled.filter(({ settledOn, issuedOn }) => settledOn < issuedOn).length,
    due_before_invoice: invoices.filter(({ dueOn, issuedOn }) => dueOn < issuedOn).length,
    ...(invoices.some(({ disputed }) => disputed) && {
      disputed: settledFigures(settled.filter(({ disputed }) => disputed)),
      undisputed: settledFigures(settled.filter(({ disputed }) => !disputed)),
    }),
  }
}

type Settled = Billed & { readonly settledOn: Day }
const isSettled = (invoice: Billed): invoice is Settled => invoice.settledOn !== null

function settledFigures(settled: readonly Settled[]) {
  const onTime = settled.filter(({ settledOn, dueOn }) => settledOn <= dueOn)
  const averages = (daysOf: (invoice: Settled) => number) => [
    mean(settled, daysOf, () => new Decimal(1)),
    mean(settled, daysOf, ({ amount }) => amount),
  ]
  const [toSettle, toSettleWeighted] = averages(({ settledOn, issuedOn }) => settledOn - issuedOn)
  const [late, lateWeighted] = averages(({ settledOn, dueOn }) => settledOn - dueOn)
  const [clamped, clampedWeighted] = averages(({ settledOn, dueOn }) => Math.max(0, settledOn - dueOn))
  return {
    count: settled.length,
    amount: totalOf(settled).toNumber(),
    avg_days_to_settle: toSettle,
    avg_days_to_settle_weighted: toSettleWeighted,
    avg_days_late_signed: late,
    avg_days_late_signed_weighted: lateWeighted,
    avg_days_late_clamped: clamped,
    avg_days_late_clamped_weighted: clampedWeighted,
    on_time_count: onTime.length,
    on_time_rate: printed(new Decimal(onTime.length).div(settled.length)),
    on_time_rate_amount: printed(totalOf(onTime).div(totalOf(settled))),
  }
}

function mean(
  invoices: readonly Settled[],
  daysOf: (invoice: Settled) => number,
  weightOf: (invoice: Settled) => Decimal,
): number {
  const weights = invoices.reduce((sum, invoice) => sum.plus(weightOf(invoice)), new Decimal(0))
  const days = invoices.reduce(
    (sum, invoice) => sum.plus(weightOf(invoice).times(daysOf(invoice))),
    new Decimal(0),
  )
  return printed(days.div(weights))
}

const share = <T>(all: readonly T[], test: (one: T) => boolean): number =>
  printed(new Decimal(all.filter(test).length).div(all.length))

/** Six digits, as the other program prints. */
const printed = (value: Decimal): number => value.toDecimalPlaces(6, Decimal.ROUND_HALF_EVEN).toNumber()

/** A Saturday or Sunday moves to the next Monday. */
function rolled(day: Day): Day {
  const { dayOfWeek } = Temporal.PlainDate.from(formatDay(day))
  return dayOfWeek <= 5 ? day : day + 8 - dayOfWeek
}

const rangeOf = (days: readonly Day[]) => [formatDay(Math.min(...days)), formatDay(Math.max(...days))]

function dayOf(text: string): Day {
  const day = parseDay(text)
  if (day === null) throw new Error(`${text} is no day`)
  return day
}
