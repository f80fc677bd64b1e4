/** Decisions on applications: by a person, with reasons. What is granted is set in the same transaction. */
import { and, eq } from 'drizzle-orm'
import { readPositiveMoney } from '../../amount.ts'
import { isAsked, type ApprovalAsked } from '../../authority/asked.ts'
import { gate, type Proposal } from '../../authority/gate.ts'
import { runCommand, type Audited, type CommandContext } from '../../command.ts'
import { todayOf } from '../../context.ts'
import type { CreditLimit } from '../../domain/credit-limit.ts'
import { dateOf, dayOf, isPlausible, type Day } from '../../domain/day.ts'
import { formatMinor, type Money } from '../../domain/money.ts'
import { businessDaysBetween, scoreApplication } from '../../domain/scorecard.ts'
import { decodeId } from '../../ids.ts'
import { writeAudit, type Author } from '../../ledger/audit.ts'
import { appendReview } from '../../ledger/credit-reviews.ts'
import type { By } from '../../ledger/find.ts'
import { conflict, implausible, invalid, isProblem, notFound, type Problem } from '../../problem.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../../text.ts'
import type {
  CreditApprovalInput,
  DecideCreditApplicationInput,
  WithdrawCreditApplicationInput,
} from '../../schema.generated.ts'
import type { CreditApplicationRow, CustomerRow } from '@tidemark/drizzle/rows.ts'
import { creditApplication } from '@tidemark/drizzle/tables/credit-application.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { readLimitDays, type LimitDays } from '../limit.ts'
import { applyLimit, prepareLimit } from '../set.ts'
import { factsToScore, storeScore, TERMS_DAYS_MAX, type StoredFacts, type StoredScore } from './facts.ts'
import { momentOf } from './moment.ts'
import { readScorecard } from './scorecard.ts'

export type ApplicationChanged = Audited & {
  readonly applicationId: string
  /** What is in the books now, or would be; plain data. */
  readonly changes: StoredChanges
}

/** Moments, days and amounts as text. */
export type StoredChanges = {
  readonly status: CreditApplicationRow['status']
  readonly version: number
  readonly customerId?: string
  readonly score?: StoredScore
  readonly decidedAt?: string
  readonly decidedOn?: string
  readonly decidedBy?: string
  readonly businessDays?: number
  readonly granted?: string | null
  readonly grantedTermsDays?: number | null
  readonly reasons?: readonly string[]
}

const REASONS_MAX = 20

/** Grants credit or declines it. */
export async function decideCreditApplication(
  context: CommandContext,
  input: DecideCreditApplicationInput,
): Promise<ApplicationChanged | ApprovalAsked | Problem> {
  const reasons = readReasons(input.reasons)
  if (!Array.isArray(reasons)) return reasons
  const { approve, decline } = input.decision
  if (decline === false) return invalid(['decision', 'decline'], 'decline can only be true')
  const today = dayOf(todayOf(context))
  const grant = approve ? readGrant(approve, today) : null
  if (isProblem(grant)) return grant
  const command = { action: 'decideCreditApplication', input }
  return runCommand<ApplicationChanged | ApprovalAsked>(context, command, async (tx) => {
    const row = await holdApplication(tx, context.organization.id, input)
    if (isProblem(row)) return row
    const scorecard = await readScorecard(tx, context.organization.id)
    const facts = factsToScore({ ...row, facts: row.facts as StoredFacts }, today)
    const score = storeScore(scoreApplication(scorecard, facts), row.currency)
    const said = { row, reasons, score, today }
    if (grant === null) return keepDecision(tx, context, { ...said, status: 'DECLINED', granted: null })
    return approveIt(tx, context, input, { ...said, grant })
  })
}

function readReasons(texts: readonly string[]): string[] | Problem {
  if (texts.length < 1 || texts.length > REASONS_MAX)
    return invalid(['reasons'], `1 to ${REASONS_MAX} reasons are kept, not ${texts.length}`)
  const reasons: string[] = []
  for (const [index, text] of texts.entries()) {
    const read = readRequiredText(text, ['reasons', String(index)], SENTENCE_LENGTH_MAX)
    if ('code' in read) return read
    reasons.push(read.text)
  }
  return reasons
}

type Grant = {
  readonly customer: By | null
  readonly money: Money
  readonly days: LimitDays
  readonly termsDays: number
  readonly riskClass: CustomerRow['riskClass']
  readonly nextReviewOn: Temporal.PlainDate
}

function readGrant(input: CreditApprovalInput, today: Day): Grant | Problem {
  const path = ['decision', 'approve']
  const money = readPositiveMoney(input.limit, [...path, 'limit'])
  if (isProblem(money)) return money
  const days = readLimitDays({ until: input.until }, path, today)
  if (isProblem(days)) return days
  const { termsDays, nextReviewOn } = input
  if (termsDays < 0 || termsDays > TERMS_DAYS_MAX)
    return invalid([...path, 'termsDays'], `${termsDays} does not lie between 0 and ${TERMS_DAYS_MAX} days`)
  if (!isPlausible(nextReviewOn)) return implausible([...path, 'nextReviewOn'], nextReviewOn)
  if (dayOf(nextReviewOn) <= today) {
    const told = `The next review is on a day to come: ${nextReviewOn.toString()} is not after today, ${dateOf(today).toString()}`
    return invalid([...path, 'nextReviewOn'], told)
  }
  const { customer: by = null, riskClass = null } = input
  return { customer: by, money, days, termsDays, riskClass, nextReviewOn }
}

type Said = {
  readonly row: CreditApplicationRow
  readonly reasons: readonly string[]
  readonly score: StoredScore
  readonly today: Day
}

async function approveIt(
  tx: Tx,
  context: CommandContext,
  input: DecideCreditApplicationInput,
  { grant, ...said }: Said & { readonly grant: Grant },
): Promise<ApplicationChanged | ApprovalAsked | Problem> {
  const { row, reasons, score, today } = said
  const path = ['decision', 'approve']
  if (grant.money.currency !== row.currency) {
    const told = `${row.currency} was asked for, not ${grant.money.currency}`
    return invalid([...path, 'limit', 'currency'], told, 'WRONG_CURRENCY')
  }
  const by = customerOf(row, grant.customer)
  if (isProblem(by)) return by
  const limit: CreditLimit = { state: 'AMOUNT', amount: grant.money }
  const decided = { limit, days: grant.days, today }
  const riskClass = grant.riskClass ?? score.riskClass
  const prepared = await prepareLimit(tx, context, { customer: by }, decided, riskClass)
  if (isProblem(prepared)) return { ...prepared, path: [...path, ...prepared.path] }
  const { found, matrix, proposal } = prepared
  const { held } = found
  if (row.customerId !== null && held.id !== row.customerId)
    return conflict([...path, 'customer'], 'Another customer asked: leave it out')
  const terms = await readTerms(tx, context.organization.id, held.id)
  const stopped = await gate(tx, context, {
    command: { action: 'decideCreditApplication', input },
    dryRun: input.dryRun,
    proposals: [proposal, termsProposal(held.id, terms, grant.termsDays)],
    matrix,
  })
  if (isAsked(stopped) || isProblem(stopped)) return stopped
  const [reason = ''] = reasons
  const set = await applyLimit(tx, context, found, { ...decided, reason })
  await setTerms(
    tx,
    context,
    { id: held.id, version: set.version + 1 },
    { ...grant, riskClass, terms, reason },
  )
  const isWhole = grant.money.minor >= row.requested && grant.termsDays >= row.requestedTermsDays
  const status = isWhole ? 'APPROVED' : 'APPROVED_IN_PART'
  const granted = { minor: grant.money.minor, termsDays: grant.termsDays, customerId: held.id }
  return keepDecision(tx, context, { ...said, status, granted })
}

function customerOf({ customerId }: CreditApplicationRow, given: By | null): By | Problem {
  if (given !== null) return given
  return customerId === null
    ? invalid(
        ['decision', 'approve', 'customer'],
        'Who asked was no customer: name the customer that gets the credit, or make one by createCustomer',
      )
    : { id: `customer_${customerId}` }
}

async function readTerms(tx: Tx, organizationId: string, customerId: string): Promise<number> {
  const [row] = await tx
    .select({ termsDays: customer.termsDays })
    .from(customer)
    .where(and(eq(customer.organizationId, organizationId), eq(customer.id, customerId)))
  if (row === undefined) throw new Error(`There is no customer ${customerId}`)
  return row.termsDays
}

/** As the authority matrix measures longer terms; shorter ones need none. */
const termsProposal = (customerId: string, before: number, after: number): Proposal => ({
  row: 1,
  action: 'TERMS',
  customerId,
  before: `${before} days`,
  after: `${after} days`,
  from: null,
  to: null,
  days: Math.max(0, after - before),
})

type Terms = Pick<Grant, 'termsDays' | 'riskClass' | 'nextReviewOn'> & {
  readonly terms: number
  readonly reason: string
}

/** The customer's terms, risk class and next review. */
async function setTerms(
  tx: Tx,
  context: CommandContext,
  { id, version }: { readonly id: string; readonly version: number },
  { termsDays, riskClass, terms, nextReviewOn, reason }: Terms,
): Promise<void> {
  const organizationId = context.organization.id
  const reviewedOn = todayOf(context)
  await tx
    .update(customer)
    .set({ termsDays, riskClass, creditReviewedOn: reviewedOn, nextCreditReviewOn: nextReviewOn, version })
    .where(and(eq(customer.organizationId, organizationId), eq(customer.id, id)))
  const after = {
    termsDays,
    riskClass,
    reviewedOn: reviewedOn.toString(),
    nextReviewOn: nextReviewOn.toString(),
  }
  const record = { action: 'reviewCredit', subject: id, before: { termsDays: terms }, after, reason }
  const audit = await writeAudit(tx, context, record)
  const review = { customerId: id, version, riskClass, reviewedOn, nextReviewOn, auditId: audit.id }
  await appendReview(tx, organizationId, review)
}

type Decision = Said & {
  readonly status: 'APPROVED' | 'APPROVED_IN_PART' | 'DECLINED'
  readonly granted: {
    readonly minor: bigint
    readonly termsDays: number
    readonly customerId: string
  } | null
}

/** Only demo data passes `recordedAt`; else the audit has the database's clock. */
export async function keepDecision(
  tx: Tx,
  context: Author & Pick<CommandContext, 'organization' | 'now'>,
  { row, reasons, score, today, status, granted }: Decision,
  recordedAt: Temporal.Instant | null = null,
): Promise<ApplicationChanged> {
  const decided = {
    status,
    version: row.version + 1,
    score,
    decidedAt: momentOf(context),
    decidedOn: dateOf(today),
    decidedBy: context.actor,
    businessDays: businessDaysBetween(dayOf(row.submittedOn), today),
    granted: granted?.minor ?? null,
    grantedTermsDays: granted?.termsDays ?? null,
    reasons,
    ...(granted === null ? {} : { customerId: granted.customerId }),
  }
  const money = granted === null ? null : formatMinor({ minor: granted.minor, currency: row.currency })
  const record = {
    action: 'decideCreditApplication',
    subject: row.id,
    before: { status: row.status },
    after: {
      status,
      granted: money,
      currency: row.currency,
      grantedTermsDays: granted?.termsDays ?? null,
      score: score.score,
      recommendation: score.recommendation,
      businessDays: decided.businessDays,
    },
    reason: reasons.join('; ').slice(0, SENTENCE_LENGTH_MAX),
  }
  const audit = await writeAudit(tx, context, record, recordedAt)
  await tx.update(creditApplication).set(decided).where(thisOne(context.organization.id, row.id))
  const changes = {
    ...decided,
    decidedAt: decided.decidedAt.toString(),
    decidedOn: decided.decidedOn.toString(),
    granted: granted === null ? null : granted.minor.toString(),
  }
  return { applicationId: row.id, changes, audit }
}

const thisOne = (organizationId: string, id: string) =>
  and(eq(creditApplication.organizationId, organizationId), eq(creditApplication.id, id))

/** Under its lock, as long as nobody has decided on it. */
async function holdApplication(
  tx: Tx,
  organizationId: string,
  input: { readonly application: string; readonly expectedVersion?: number | null | undefined },
): Promise<CreditApplicationRow | Problem> {
  const id = decodeId('creditApplication', input.application)
  const [row] =
    id === null
      ? []
      : await tx.select().from(creditApplication).where(thisOne(organizationId, id)).for('no key update')
  if (row === undefined)
    return notFound(['application'], `There is no application with id ${input.application}`)
  if (typeof input.expectedVersion === 'number' && input.expectedVersion !== row.version)
    return conflict(['expectedVersion'], `The application is at version ${row.version} by now`)
  return row.status === 'SUBMITTED'
    ? row
    : conflict(['application'], `The application is ${row.status} already`)
}

/** Takes back what nobody has decided on. */
export async function withdrawCreditApplication(
  context: CommandContext,
  input: WithdrawCreditApplicationInput,
): Promise<ApplicationChanged | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  return runCommand(context, { action: 'withdrawCreditApplication', input }, async (tx) => {
    const row = await holdApplication(tx, context.organization.id, input)
    if (isProblem(row)) return row
    return takeBack(tx, context, row, reason.text)
  })
}

/** Only demo data passes `recordedAt`; else the audit has the database's clock. */
export async function takeBack(
  tx: Tx,
  context: Author & Pick<CommandContext, 'organization'>,
  row: CreditApplicationRow,
  reason: string,
  recordedAt: Temporal.Instant | null = null,
): Promise<ApplicationChanged> {
  const changes = { status: 'WITHDRAWN' as const, version: row.version + 1 }
  await tx.update(creditApplication).set(changes).where(thisOne(context.organization.id, row.id))
  const record = {
    action: 'withdrawCreditApplication',
    subject: row.id,
    before: { status: row.status },
    after: changes,
    reason,
  }
  const audit = await writeAudit(tx, context, record, recordedAt)
  return { applicationId: row.id, changes, audit }
}
