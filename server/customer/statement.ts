/** A customer's statement: what its account did from one day to another, as known at a moment. */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import type { Context } from '../context.ts'
import { dayOf, formatDay, isPlausible, type Day } from '../domain/day.ts'
import { badUserInput } from '../errors.ts'
import { knownAtOf } from '../kpi/source.ts'
import { selectCustomer, type By } from '../ledger/find.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type StatementArguments = {
  readonly customer: By
  readonly from: Temporal.PlainDate
  readonly to: Temporal.PlainDate
  readonly knownAt?: Temporal.Instant | null | undefined
}

export type Statement = {
  readonly customer: CustomerRow
  readonly from: Temporal.PlainDate
  readonly to: Temporal.PlainDate
  readonly knownAt: Temporal.Instant
  readonly accounts: readonly Account[]
}

/** Minor units. What the customer owes in all is the difference. */
export type AccountBalance = {
  readonly currency: string
  readonly receivable: bigint
  readonly unapplied: bigint
}

/** What happened in one currency; `span` is what its lines are read by. */
export type Account = {
  readonly currency: string
  readonly opening: AccountBalance
  readonly closing: AccountBalance
  readonly span: AccountSpan
}

export type AccountSpan = {
  readonly customerId: string
  readonly currency: string
  readonly from: Day
  readonly to: Day
  readonly knownAt: Temporal.Instant
}

/** Null where there is no such customer. Throws BAD_USER_INPUT that names the argument. */
export async function readStatement(context: Context, args: StatementArguments): Promise<Statement | null> {
  const { reader, organization, settledAt } = context
  const [from, to] = [dayIn(args.from, 'from'), dayIn(args.to, 'to')]
  if (from > to) throw badUserInput(`\`to\` must not lie before \`from\`, ${args.from.toString()}.`)
  return reader.read(async (tx) => {
    const row = await selectCustomer(tx, organization.id, args.customer)
    if (row === null) return null
    const knownAt = knownAtOf({ knownAt: args.knownAt, settledAt: await settledAt() })
    const span = { customerId: row.id, from, to, knownAt }
    const balances = await readBalances(tx, organization.id, span)
    const accounts = balances
      .toSorted(
        (a, b) => rank(a.currency, organization.baseCurrency) - rank(b.currency, organization.baseCurrency),
      )
      .map(({ currency, ...sums }): Account => ({
        currency,
        opening: { currency, receivable: sums.receivable_before, unapplied: sums.unapplied_before },
        closing: { currency, receivable: sums.receivable, unapplied: sums.unapplied },
        span: { ...span, currency },
      }))
    return { customer: row, from: args.from, to: args.to, knownAt, accounts }
  })
}

const rank = (currency: string, base: string): number => (currency === base ? 0 : 1)

function dayIn(date: Temporal.PlainDate, name: string): Day {
  if (isPlausible(date)) return dayOf(date)
  throw badUserInput(
    `\`${name}\` must be a day of the years that books are kept for, not ${date.toString()}.`,
  )
}

type Sums = {
  readonly currency: string
  readonly receivable_before: bigint
  readonly unapplied_before: bigint
  readonly receivable: bigint
  readonly unapplied: bigint
}

/** By currency, in the order of the codes: the sums at the end of the day before the first, and of the last. */
const readBalances = async (
  tx: Tx,
  organizationId: string,
  { customerId, from, to, knownAt }: Omit<AccountSpan, 'currency'>,
): Promise<Sums[]> => [
  ...(await tx.sql<Sums[]>`
    select s.currency,
      coalesce(sum(e.amount) filter (where i.kind = 'INVOICE' and e.effective_on < ${formatDay(from)}), 0)::bigint
        as receivable_before,
      coalesce(sum(e.amount) filter (where i.kind <> 'INVOICE' and e.effective_on < ${formatDay(from)}), 0)::bigint
        as unapplied_before,
      coalesce(sum(e.amount) filter (where i.kind = 'INVOICE'), 0)::bigint as receivable,
      coalesce(sum(e.amount) filter (where i.kind <> 'INVOICE'), 0)::bigint as unapplied
    from item i
    join segment s on s.organization_id = i.organization_id and s.id = i.segment_id
    join ledger_entry e on e.organization_id = i.organization_id and e.item_id = i.id
    where i.organization_id = ${organizationId} and i.customer_id = ${customerId} and i.kind <> 'DISPUTE'
      and e.effective_on <= ${formatDay(to)} and e.recorded_at <= ${microseconds(knownAt)}
    group by s.currency order by s.currency`),
]
