/** What the demo's credit department decided: classes and reviews, limits with days, holds, groups, securities. */
import { storeCreditLimit } from '../credit/limit.ts'
import type { CreditLimit } from '../domain/credit-limit.ts'
import { dateOf } from '../domain/day.ts'
import { writeAudit } from '../ledger/audit.ts'
import { newUuid } from '../ids.ts'
import { writeRule } from '../live/rule-writing.ts'
import { applyForCredit } from './applications.ts'
import type { PayerKind, PersonName } from './company.ts'
import {
  authorOf,
  decide,
  HEAD,
  readAccounts,
  REVIEW_DAYS,
  review,
  rounded,
  writeAccounts,
  type Account,
  type CreditDesk,
} from './credit-desk.ts'
import { seededRandom, type Random } from './random.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'
import { creditSecurity, customerParent } from '@tidemark/drizzle/tables/order.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

const SEED = 31_337
const CLASSES: Readonly<Record<PayerKind, NonNullable<CustomerRow['riskClass']>>> = {
  PROMPT: 'LOW',
  RELAXED: 'MEDIUM',
  SLOW: 'MEDIUM',
  POOR: 'HIGH',
}

export async function setDemoCredit(tx: Tx, desk: CreditDesk): Promise<void> {
  const random = seededRandom(SEED)
  const accounts = await readAccounts(tx, desk)
  const limited = accounts
    .filter(({ limits }) => limits.length > 0)
    .toSorted((a, b) => b.of.share - a.of.share)
  await reviewAll(tx, desk, random, limited)
  await setLimits(tx, desk, limited)
  await holdSome(tx, desk, limited)
  await groupSome(tx, desk, limited)
  await secureSome(tx, desk, limited)
  await applyForCredit(tx, desk, accounts)
  await writeAccounts(tx, desk, accounts)
  await watchLimits(tx, desk)
}

/** Everybody with a limit was reviewed; a few reviews are overdue. */
async function reviewAll(
  tx: Tx,
  desk: CreditDesk,
  random: Random,
  accounts: readonly Account[],
): Promise<void> {
  const reviews = accounts.map((account, index) => {
    const riskClass = account.of.insolvent ? 'HIGH' : CLASSES[account.of.payer]
    const days = REVIEW_DAYS[riskClass]
    const ago = index % 13 === 5 ? days + random.whole(3, 40) : random.whole(4, days - 10)
    const reason =
      riskClass === 'HIGH' ? 'Pays late: looked at each quarter' : 'Accounts and payments looked at'
    return review(tx, desk, account, { riskClass, on: desk.today - ago, reason })
  })
  await Promise.all(reviews)
}

/** Some were raised, some hold for a season, some begin next month, and of some the customer uses more by now. */
async function setLimits(tx: Tx, desk: CreditDesk, accounts: readonly Account[]): Promise<void> {
  const balances = await readBalances(tx, desk)
  const amountOf = ({ limits }: Account): bigint | null => limits[0]?.amount?.minor ?? null
  const of = (account: Account, percent: bigint): CreditLimit => ({
    state: 'AMOUNT',
    amount: {
      minor: rounded(((amountOf(account) ?? 0n) * percent) / 100n),
      currency: account.of.currency,
    },
  })
  const bounded = accounts.filter((account) => (amountOf(account) ?? 0n) > 0n)
  for (const [index, account] of bounded.slice(0, 40).entries()) {
    if (index % 5 === 0) {
      const reason = 'Grown with us; accounts of last year are sound'
      await decide(tx, desk, account, { limit: of(account, 130n), ago: 160 - index, reason, by: HEAD })
    }
    if (index % 13 === 4) {
      const season = { ago: 9, until: 35, reason: 'Season: orders are double until then', by: HEAD } as const
      await decide(tx, desk, account, { limit: of(account, 180n), ...season })
    }
    if (index % 17 === 6) {
      const later = { ago: 2, from: 14, reason: 'From the new contract on', by: HEAD } as const
      await decide(tx, desk, account, { limit: of(account, 150n), ...later })
    }
  }
  const large = bounded.filter(({ id }) => (balances.get(id) ?? 0n) > 2_500_000n)
  for (const account of large.filter((_, index) => index % 9 === 2).slice(0, 6)) {
    const minor = rounded(((balances.get(account.id) ?? 0n) * 85n) / 100n)
    const limit = { state: 'AMOUNT', amount: { minor, currency: account.of.currency } } as const
    const reason = 'Lowered: the insurer covers less, and it pays later than it did'
    await decide(tx, desk, account, { limit, ago: 5, reason, by: 'Marcus Adeyemi' })
  }
}

async function readBalances(tx: Tx, { organization }: CreditDesk): Promise<ReadonlyMap<string, bigint>> {
  const rows = await tx.sql<{ id: string; receivable: bigint }[]>`
    select customer_id as id, receivable from customer_state where organization_id = ${organization.id}`
  return new Map(rows.map(({ id, receivable }) => [id, receivable]))
}

const HOLDS = [
  'No payment since spring: nothing goes out on credit',
  'Two promises broken; prepayment until the arrears are gone',
  'Insolvency was filed for',
  'Bank returned two direct debits',
] as const

async function holdSome(tx: Tx, desk: CreditDesk, accounts: readonly Account[]): Promise<void> {
  const bad = accounts.filter(({ of }) => of.insolvent || of.payer === 'POOR')
  for (const [index, reason] of HOLDS.entries()) {
    const account = bad[index]
    if (account === undefined) return
    const since = desk.momentOf(desk.today - 12 * (index + 1))
    const author = authorOf(desk, account.of.collector as PersonName)
    account.version += 1
    account.columns = {
      ...account.columns,
      creditHoldReason: reason,
      creditHoldSince: since,
      creditHoldBy: author.actor,
    }
    const change = { before: { held: false }, after: { held: true }, reason }
    await writeAudit(tx, author, { action: 'placeCreditHold', subject: account.id, ...change }, since)
  }
}

/** Three groups: a large customer with two smaller ones of its region. */
async function groupSome(tx: Tx, desk: CreditDesk, accounts: readonly Account[]): Promise<void> {
  for (const region of ['North America', 'EMEA', 'APAC']) {
    const [parent, , , ...others] = accounts.filter(({ of }) => of.region === region)
    for (const child of others.slice(2, 4)) {
      if (parent === undefined) return
      const effectiveOn = dateOf(desk.today - 200)
      child.version += 1
      const audit = await writeAudit(
        tx,
        authorOf(desk, HEAD),
        {
          action: 'setParentCustomer',
          subject: child.id,
          before: { parent: null },
          after: { parent: parent.of.number, effectiveOn: effectiveOn.toString(), until: null },
          reason: 'Bought by it',
        },
        desk.momentOf(desk.today - 200),
      )
      await tx.insert(customerParent).values({
        organizationId: desk.organization.id,
        customerId: child.id,
        version: child.version,
        parentId: parent.id,
        effectiveOn,
        auditId: audit.id,
      })
    }
  }
}

const SECURITIES = [
  { kind: 'INSURANCE', percent: 60n, ends: 120 },
  { kind: 'GUARANTEE', percent: 25n, ends: 20 },
  { kind: 'INSURANCE', percent: 50n, ends: 210 },
  { kind: 'DEPOSIT', percent: 10n, ends: null },
  { kind: 'LETTER_OF_CREDIT', percent: 30n, ends: 45 },
  { kind: 'INSURANCE', percent: 70n, ends: -10 },
] as const

async function secureSome(tx: Tx, desk: CreditDesk, accounts: readonly Account[]): Promise<void> {
  const bounded = accounts.filter(({ limits }) => limits[0]?.amount != null)
  for (const [index, { kind, percent, ends }] of SECURITIES.entries()) {
    const account = bounded[index * 3 + 1]
    const amount = account?.limits[0]?.amount
    if (account === undefined || amount == null) return
    const row = {
      organizationId: desk.organization.id,
      id: newUuid(),
      customerId: account.id,
      kind,
      amount: rounded((amount.minor * percent) / 100n),
      currency: amount.currency,
      effectiveOn: dateOf(desk.today - 300),
      until: ends === null ? null : dateOf(desk.today + ends),
      reference: kind === 'INSURANCE' ? `POL-${7_040 + index}` : null,
    }
    const { amount: minor, currency } = row
    await writeAudit(
      tx,
      authorOf(desk, HEAD),
      {
        action: 'recordSecurity',
        subject: account.id,
        after: { ...storeCreditLimit({ state: 'AMOUNT', amount: { minor, currency } }), kind },
        reason: 'Yearly cover',
      },
      desk.momentOf(desk.today - 300),
    )
    await tx.insert(creditSecurity).values(row)
  }
}

/** Somebody hears of it at once. */
async function watchLimits(tx: Tx, { organization, now }: CreditDesk): Promise<void> {
  const condition = { kind: 'OVER_LIMIT' } as const
  await writeRule(
    tx,
    { organization, actor: 'demo', now },
    {
      action: 'createAlertRule',
      thing: { goalId: null, metric: null, filter: null, conventions: null, currency: null },
      terms: {
        name: 'A customer is over its limit',
        condition,
        forDays: 0,
        forEvaluations: 1,
        recovery: null,
        keepFiringDays: 0,
        noData: 'KEEP_LAST',
        repeatDays: null,
        severity: 'WARNING',
        quietHours: null,
        enabled: true,
      },
      channelIds: [],
    },
  )
}
