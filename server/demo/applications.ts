/** Who asked the demo company for credit, and what came of it: granted, granted in part, declined, taken back, and waiting. */
import { keepDecision, takeBack } from '../credit/application/decide.ts'
import { factsToScore, readApplication, storeScore } from '../credit/application/facts.ts'
import { keepApplication } from '../credit/application/submit.ts'
import { dateOf, type Day } from '../domain/day.ts'
import { parseMinor } from '../domain/money.ts'
import { DEFAULT_SCORECARD, scoreApplication } from '../domain/scorecard.ts'
import { plannedApplications, type PlannedApplication } from './applicants.ts'
import { authorOf, decide, HEAD, review, workdayOf, type Account, type CreditDesk } from './credit-desk.ts'
import type { PersonName } from './company.ts'
import type { CreditApplicationRow } from '@tidemark/drizzle/rows.ts'
import { creditApplication } from '@tidemark/drizzle/tables/credit-application.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { and, eq } from 'drizzle-orm'

const CLERK: PersonName = 'Daniel Ortega'

type Asking = {
  readonly planned: PlannedApplication
  /** Null for somebody who is no customer yet. */
  readonly account: Account | null
  readonly on: Day
}

/** One after the other, the earliest first: the list shows them by their ids, which grow. */
export async function applyForCredit(tx: Tx, desk: CreditDesk, accounts: readonly Account[]): Promise<void> {
  const small = accounts
    .filter(({ limits, of }) => limits.length === 0 && !of.insolvent)
    .toSorted((a, b) => b.of.share - a.of.share)
  const good = small.filter(({ of }) => of.payer !== 'POOR').values()
  const poor = small.filter(({ of }) => of.payer === 'POOR').values()
  for (const planned of plannedApplications) {
    const { from } = planned
    const account = from === 'PROSPECT' ? null : ((from === 'POOR' ? poor : good).next().value ?? null)
    // Of a company with other customers there may be too few of them.
    if (account === null && from !== 'PROSPECT') continue
    const asking = { planned, account, on: workdayOf(desk, planned.ago) }
    await settle(tx, desk, asking, await submit(tx, desk, asking))
  }
}

async function submit(
  tx: Tx,
  desk: CreditDesk,
  { planned, account, on }: Asking,
): Promise<CreditApplicationRow> {
  const currency = account?.of.currency ?? 'USD'
  const { requested, annualRevenue, foundedYears, references, requestedTermsDays, ...said } = planned.said
  const input = {
    ...said,
    legalName: account?.of.name ?? said.legalName,
    foundedOn: dateOf(on).subtract({ years: foundedYears, days: 47 }),
    annualRevenue: { amount: annualRevenue, currency },
    requestedLimit: { amount: requested, currency },
    // Terms are not what its customers haggle over.
    requestedTermsDays: account?.of.termsDays ?? requestedTermsDays,
    references,
    dryRun: false,
  }
  const read = readApplication(input, DEFAULT_SCORECARD, on)
  if (!('facts' in read)) throw new Error(`The demo's application lacks ${JSON.stringify(read)}`)
  const facts = factsToScore({ ...read, requested: read.requested.minor, currency }, on)
  const score = storeScore(scoreApplication(DEFAULT_SCORECARD, facts), currency)
  const now = desk.momentOf(on)
  const by = { ...authorOf(desk, (account?.of.collector ?? CLERK) as PersonName), now }
  const kept = await keepApplication(tx, by, { read, score, customerId: account?.id ?? null }, now)
  const [row] = await tx
    .select()
    .from(creditApplication)
    .where(
      and(
        eq(creditApplication.organizationId, desk.organization.id),
        eq(creditApplication.id, kept.applicationId),
      ),
    )
  if (row === undefined) throw new Error('The application was not kept')
  return row
}

async function settle(
  tx: Tx,
  desk: CreditDesk,
  { planned: { outcome }, account }: Asking,
  row: CreditApplicationRow,
): Promise<void> {
  if (outcome === null) return
  const today = workdayOf(desk, outcome.ago)
  const now = desk.momentOf(today)
  if (outcome.kind === 'WITHDRAWN') {
    await takeBack(tx, authorOf(desk, CLERK), row, outcome.reasons[0], now)
    return
  }
  const minor = outcome.granted === undefined ? null : parseMinor(outcome.granted, row.currency)
  const granted =
    account === null || minor === null
      ? null
      : { minor, termsDays: account.of.termsDays, customerId: account.id }
  const score = row.score as Parameters<typeof keepDecision>[2]['score']
  if (account !== null && granted !== null) {
    const [reason] = outcome.reasons
    const limit = { state: 'AMOUNT', amount: { minor: granted.minor, currency: row.currency } } as const
    await decide(tx, desk, account, { limit, ago: desk.today - today, reason, by: HEAD })
    await review(tx, desk, account, { riskClass: score.riskClass, on: today, reason })
  }
  const status = granted === null ? 'DECLINED' : outcome.kind
  const said = { row, reasons: outcome.reasons, score, today }
  await keepDecision(tx, { ...authorOf(desk, HEAD), now }, { ...said, status, granted }, now)
}
