/** The desk of the demo's credit department: customers as decisions have left them so far, and how one is decided and reviewed. */
import { storeCreditLimit, storeDecision } from '../credit/limit.ts'
import { creditLimitOn, throughOf, type CreditLimit, type DatedLimit } from '../domain/credit-limit.ts'
import { dateOf, type Day } from '../domain/day.ts'
import { writeAudit } from '../ledger/audit.ts'
import { appendReview } from '../ledger/credit-reviews.ts'
import { nextBusinessDay } from './calendar.ts'
import type { DemoCustomer, People, PersonName } from './company.ts'
import type { CustomerRow, OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { creditLimit } from '@tidemark/drizzle/tables/credit.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { and, eq, sql } from 'drizzle-orm'

/** The demo's books as far as credit looks at them. */
export type CreditDesk = {
  readonly organization: OrganizationRow
  readonly customers: readonly DemoCustomer[]
  readonly customerIdOf: (number: string) => string
  readonly people: People
  readonly today: Day
  readonly now: Temporal.Instant
  /** The end of a working day. */
  readonly momentOf: (day: Day) => Temporal.Instant
}

/** A customer as decisions have left it so far. */
export type Account = {
  readonly of: DemoCustomer
  readonly id: string
  version: number
  limits: DatedLimit[]
  columns: Partial<CustomerRow>
}

export const REVIEW_DAYS = { LOW: 365, MEDIUM: 182, HIGH: 91 } as const
export const HEAD: PersonName = 'Ingrid Solberg'

export async function readAccounts(
  tx: Tx,
  { organization, customers, customerIdOf }: CreditDesk,
): Promise<Account[]> {
  const rows = await tx.select().from(creditLimit).where(eq(creditLimit.organizationId, organization.id))
  const known = Map.groupBy(rows, ({ customerId }) => customerId)
  return customers.map((of) => {
    const id = customerIdOf(of.number)
    const limits = (known.get(id) ?? []).map((row): DatedLimit => ({
      state: row.state,
      amount:
        row.amount === null || row.currency === null ? null : { minor: row.amount, currency: row.currency },
      version: row.version,
      effectiveOn: dayOfDate(row.effectiveOn),
      until: null,
    }))
    return { of, id, version: 1, limits, columns: {} }
  })
}

const dayOfDate = (date: Temporal.PlainDate): Day =>
  date.since(Temporal.PlainDate.from('1970-01-01'), { largestUnit: 'days' }).days

export const authorOf = ({ organization, people }: CreditDesk, name: PersonName) => ({
  organization,
  actor: `member:${people.get(name) ?? ''}`,
})

type Review = {
  readonly riskClass: NonNullable<CustomerRow['riskClass']>
  readonly on: Day
  readonly reason: string
}

/** What somebody found when they looked at the customer, and the day on which they look again. */
export async function review(
  tx: Tx,
  desk: CreditDesk,
  account: Account,
  { riskClass, on, reason }: Review,
): Promise<void> {
  account.version += 1
  const { version } = account
  const { creditReviewedOn = null, nextCreditReviewOn = null } = account.columns
  const columns = {
    riskClass,
    creditReviewedOn: dateOf(on),
    nextCreditReviewOn: dateOf(on + REVIEW_DAYS[riskClass]),
  }
  const before = {
    riskClass: account.columns.riskClass ?? null,
    reviewedOn: creditReviewedOn?.toString() ?? null,
    nextReviewOn: nextCreditReviewOn?.toString() ?? null,
  }
  account.columns = { ...account.columns, ...columns }
  const audit = await writeAudit(
    tx,
    authorOf(desk, HEAD),
    {
      action: 'reviewCredit',
      subject: account.id,
      before,
      after: {
        riskClass,
        reviewedOn: columns.creditReviewedOn.toString(),
        nextReviewOn: columns.nextCreditReviewOn.toString(),
      },
      reason,
    },
    desk.momentOf(on),
  )
  await appendReview(tx, desk.organization.id, {
    customerId: account.id,
    version,
    riskClass,
    reviewedOn: columns.creditReviewedOn,
    nextReviewOn: columns.nextCreditReviewOn,
    auditId: audit.id,
  })
}

type Decision = {
  readonly limit: CreditLimit
  /** Days before today on which it was decided. */
  readonly ago: number
  /** From so many days after today on; from then on if left out. */
  readonly from?: number
  readonly until?: number
  readonly reason: string
  readonly by: PersonName
}

/** A working day so many days ago, or the one that follows. */
export const workdayOf = ({ today }: Pick<CreditDesk, 'today'>, ago: number): Day =>
  Math.min(nextBusinessDay(today - ago), today)

/** To hundreds of major units. */
export const rounded = (minor: bigint): bigint => (minor / 10_000n) * 10_000n

export async function decide(
  tx: Tx,
  desk: CreditDesk,
  account: Account,
  { limit, ago, from, until, reason, by }: Decision,
): Promise<void> {
  const recordedOn = desk.today - ago
  const days = {
    effectiveOn: from === undefined ? recordedOn : desk.today + from,
    until: until === undefined ? null : desk.today + until,
  }
  account.version += 1
  const decided: DatedLimit = { ...limit, ...days, version: account.version }
  const audit = await writeAudit(
    tx,
    authorOf(desk, by),
    {
      action: 'setCreditLimit',
      subject: account.id,
      before: storeCreditLimit(creditLimitOn(account.limits, days.effectiveOn)),
      after: storeDecision(limit, days),
      reason,
    },
    desk.momentOf(recordedOn),
  )
  account.limits = [...account.limits, decided]
  await tx.insert(creditLimit).values({
    organizationId: desk.organization.id,
    customerId: account.id,
    version: decided.version,
    state: decided.state,
    amount: decided.amount?.minor ?? null,
    currency: decided.amount?.currency ?? null,
    effectiveOn: dateOf(decided.effectiveOn),
    until: decided.until === null ? null : dateOf(decided.until),
    auditId: audit.id,
    recordedAt: desk.momentOf(recordedOn),
  })
}

/** The columns of the customers say what is in force today. */
export async function writeAccounts(
  tx: Tx,
  { organization, today }: CreditDesk,
  accounts: readonly Account[],
): Promise<void> {
  const changed = accounts.filter(({ version }) => version > 1)
  await Promise.all(
    changed.map(({ id, version, limits, columns }) => {
      const { state, amount } = creditLimitOn(limits, today)
      const through = throughOf(limits, today)
      return tx
        .update(customer)
        .set({
          ...columns,
          version: sql`greatest(${customer.version}, ${version})`,
          creditLimitState: state,
          creditLimit: amount?.minor ?? null,
          creditLimitCurrency: amount?.currency ?? null,
          creditLimitThrough: through === null ? null : dateOf(through),
        })
        .where(and(eq(customer.organizationId, organization.id), eq(customer.id, id)))
    }),
  )
}
