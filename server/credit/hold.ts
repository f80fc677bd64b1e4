/** Holds and reviews of a customer's credit. */
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { nextReviewOn } from '../domain/credit-policy.ts'
import { dateOf, dayOf, isPlausible } from '../domain/day.ts'
import type { ApprovalAsked } from '../authority/asked.ts'
import { gate } from '../authority/gate.ts'
import { readMatrix } from '../authority/matrix.ts'
import { rulesOf } from '../domain/authority.ts'
import { writeAudit } from '../ledger/audit.ts'
import { readCreditPolicy } from '../ledger/credit-policy.ts'
import { appendReview, type CreditReview } from '../ledger/credit-reviews.ts'
import { isMissingRate, readCreditStandings } from '../ledger/credit-standing.ts'
import { conflict, implausible, invalid, isProblem, type Problem } from '../problem.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { PlaceCreditHoldInput, ReleaseCreditHoldInput, ReviewCreditInput } from '../schema.generated.ts'
import { holdCredit, type HeldCredit } from './held.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { and, eq } from 'drizzle-orm'

export type CreditChanged = Audited & {
  readonly customerId: string
  /** What is in the books now, or would be. */
  readonly changes: Changes
}

type Changes = Partial<Omit<HeldCredit, 'id' | 'number'>>
type Decided = {
  readonly changes: Changes
  readonly before: unknown
  readonly after: unknown
  readonly review?: Pick<CreditReview, 'riskClass' | 'reviewedOn' | 'nextReviewOn'>
}
type Input = PlaceCreditHoldInput | ReleaseCreditHoldInput | ReviewCreditInput

/** Stops deliveries on credit. A customer is held once: whoever finds it held is told since when. */
export const placeCreditHold = (
  context: CommandContext,
  input: PlaceCreditHoldInput,
): Promise<CreditChanged | Problem> =>
  changeCredit(
    context,
    'placeCreditHold',
    input,
    (held, reason) => {
      if (held.creditHoldSince !== null) {
        return conflict(
          ['customer'],
          `Customer ${held.number} is held already, since ${held.creditHoldSince.toString()}: ${held.creditHoldReason ?? ''}`,
        )
      }
      return {
        changes: { creditHoldReason: reason, creditHoldSince: sinceOf(context), creditHoldBy: context.actor },
        before: { held: false },
        after: { held: true },
      }
    },
    UNGUARDED,
  )

export const releaseCreditHold = (
  context: CommandContext,
  input: ReleaseCreditHoldInput,
): Promise<CreditChanged | ApprovalAsked | Problem> =>
  changeCredit(context, 'releaseCreditHold', input, releasing, (tx, held) =>
    gateRelease(tx, context, input, held),
  )

function releasing(held: HeldCredit): Decided | Problem {
  if (held.creditHoldSince === null)
    return conflict(['customer'], `Customer ${held.number} is not held: there is nothing to release`)
  return {
    changes: { creditHoldReason: null, creditHoldSince: null, creditHoldBy: null },
    before: { held: true, since: held.creditHoldSince.toString() },
    after: { held: false },
  }
}

/** A release is as large as what the customer uses of its credit, together with all below it. */
async function gateRelease(
  tx: Tx,
  context: CommandContext,
  input: ReleaseCreditHoldInput,
  held: HeldCredit,
): Promise<ApprovalAsked | Problem | null> {
  const { organization, now } = context
  const today = dayOf(todayOf(context))
  const matrix = await readMatrix(tx, organization.id, today)
  if (rulesOf(matrix, 'RELEASE_HOLD').length === 0) return null
  const standing = (await readCreditStandings(tx, organization, [held.id], { today, now })).get(held.id)
  const used = standing === undefined || isMissingRate(standing.committed) ? null : standing.committed
  return gate(tx, context, {
    command: { action: 'releaseCreditHold', input },
    dryRun: input.dryRun,
    matrix,
    proposals: [
      {
        row: 0,
        action: 'RELEASE_HOLD',
        customerId: held.id,
        before: `held since ${held.creditHoldSince?.toString()}: ${held.creditHoldReason}`,
        after: 'not held',
        from: null,
        to: standing === undefined || used === null ? 'BEYOND' : { minor: used, currency: standing.currency },
        always: true,
      },
    ],
  })
}

/** Records that the credit was reviewed today. */
export async function reviewCredit(
  context: CommandContext,
  input: ReviewCreditInput,
): Promise<CreditChanged | Problem> {
  const today = todayOf(context)
  const given = input.nextReviewOn ?? null
  if (given !== null && !isPlausible(given)) return implausible(['nextReviewOn'], given)
  if (given !== null && Temporal.PlainDate.compare(given, today) <= 0) {
    const told = `The next review is on a day to come: ${given.toString()} is not after today, ${today.toString()}`
    return invalid(['nextReviewOn'], told)
  }
  return changeCredit(
    context,
    'reviewCredit',
    input,
    async (held, _reason, tx) => {
      const riskClass = input.riskClass ?? held.riskClass
      const next = given ?? (await nextByPolicy(tx, context, riskClass))
      if (next === null) return noPeriod(riskClass)
      const changes = { riskClass, creditReviewedOn: today, nextCreditReviewOn: next }
      const review = { riskClass, reviewedOn: today, nextReviewOn: next }
      return { changes, review, before: auditableReview(held), after: auditableReview(changes) }
    },
    UNGUARDED,
  )
}

const noPeriod = (riskClass: HeldCredit['riskClass']): Problem =>
  invalid(
    ['nextReviewOn'],
    `The credit policy does not say how often ${riskClass === null ? 'customers whom nobody has judged are' : `the class ${riskClass} is`} reviewed: give the day`,
  )

async function nextByPolicy(
  tx: Tx,
  context: CommandContext,
  riskClass: HeldCredit['riskClass'],
): Promise<Temporal.PlainDate | null> {
  const today = dayOf(todayOf(context))
  const next = nextReviewOn(await readCreditPolicy(tx, context.organization.id, today), riskClass, today)
  return next === null ? null : dateOf(next)
}

const auditableReview = ({
  riskClass,
  creditReviewedOn,
  nextCreditReviewOn,
}: Pick<CustomerRow, 'riskClass' | 'creditReviewedOn' | 'nextCreditReviewOn'>) => ({
  riskClass,
  reviewedOn: creditReviewedOn?.toString() ?? null,
  nextReviewOn: nextCreditReviewOn?.toString() ?? null,
})

/** As PostgreSQL keeps it, so that an answer that is given again is the same. */
const sinceOf = ({ now }: CommandContext): Temporal.Instant =>
  now.round({ smallestUnit: 'microsecond', roundingMode: 'floor' })

/** Says what is in the way of a change; null for nothing. */
type Guard<Stop> = (tx: Tx, held: HeldCredit) => Promise<Stop | Problem | null>

const UNGUARDED: Guard<never> = () => Promise.resolve(null)

async function changeCredit<Stop extends ApprovalAsked>(
  context: CommandContext,
  action: string,
  input: Input,
  decide: Change<Stop>['decide'],
  guard: Guard<Stop>,
): Promise<CreditChanged | Stop | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  return runCommand<CreditChanged | Stop>(context, { action, input }, (tx) =>
    writeChange(tx, context, { action, input, reason: reason.text, decide, guard }),
  )
}

type Change<Stop> = {
  readonly action: string
  readonly input: Input
  readonly reason: string
  readonly decide: (
    held: HeldCredit,
    reason: string,
    tx: Tx,
  ) => Decided | Problem | Promise<Decided | Problem>
  readonly guard: Guard<Stop>
}

async function writeChange<Stop extends ApprovalAsked>(
  tx: Tx,
  context: CommandContext,
  { action, input, reason, decide, guard }: Change<Stop>,
): Promise<CreditChanged | Stop | Problem> {
  const organizationId = context.organization.id
  const held = await holdCredit(tx, organizationId, input)
  if (isProblem(held)) return held
  const decided = await decide(held, reason, tx)
  if (isProblem(decided)) return decided
  const stopped = await guard(tx, held)
  if (stopped !== null) return stopped
  const changes = { ...decided.changes, version: held.version + 1 }
  await tx
    .update(customer)
    .set(changes)
    .where(and(eq(customer.organizationId, organizationId), eq(customer.id, held.id)))
  const { before, after, review } = decided
  const audit = await writeAudit(tx, context, { action, subject: held.id, before, after, reason })
  if (review !== undefined) {
    const said = { customerId: held.id, version: changes.version, auditId: audit.id, ...review }
    await appendReview(tx, organizationId, said)
  }
  return { customerId: held.id, changes, audit }
}
