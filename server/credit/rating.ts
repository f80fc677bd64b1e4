/** What agencies say of customers. */
import { and, eq } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { ratingsOn, type CreditRating } from '../domain/credit-policy.ts'
import { dateOf, dayOf, isPlausible } from '../domain/day.ts'
import { writeAudit } from '../ledger/audit.ts'
import { implausible, invalid, isProblem, type Problem } from '../problem.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { SetCreditRatingInput } from '../schema.generated.ts'
import { holdCredit } from './held.ts'
import { GRADE_LENGTH_MAX, SOURCE_LENGTH_MAX } from './policy-rules.ts'
import { creditRating } from '@tidemark/drizzle/tables/credit.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'

/** A rating with all that the same customer has, so that it can be told which of them count. */
export type RatingOfCustomer = CreditRating & {
  readonly recordedAt: Temporal.Instant
  readonly isInForce: boolean
}

/** In the order in which they are given. */
export function inForceOf<Rating extends CreditRating>(
  ratings: readonly Rating[],
  today: Temporal.PlainDate,
): (Rating & { readonly isInForce: boolean })[] {
  const inForce = new Set<CreditRating>(ratingsOn(ratings, dayOf(today)))
  return ratings.map((rating) => ({ ...rating, isInForce: inForce.has(rating) }))
}

export type CreditRatingSet = Audited & {
  readonly customerId: string
  readonly rating: CreditRating & { readonly recordedAt: Temporal.Instant }
}

/** Records what an agency says, from a day that is not to come: nobody knows what it will say. */
export async function setCreditRating(
  context: CommandContext,
  input: SetCreditRatingInput,
): Promise<CreditRatingSet | Problem> {
  const said = readRating(context, input)
  if (isProblem(said)) return said
  const organizationId = context.organization.id
  return runCommand(context, { action: 'setCreditRating', input }, async (tx) => {
    const held = await holdCredit(tx, organizationId, input)
    if (isProblem(held)) return held
    const version = held.version + 1
    const { source, grade, ratedOn, until, reason } = said
    const record = {
      action: 'setCreditRating',
      subject: held.id,
      after: { source, grade, ratedOn: ratedOn.toString(), until: until?.toString() ?? null },
      reason,
    }
    const audit = await writeAudit(tx, context, record)
    const dated = { source, grade, ratedOn, until, version }
    await tx.insert(creditRating).values({ organizationId, customerId: held.id, ...dated, auditId: audit.id })
    await tx
      .update(customer)
      .set({ version })
      .where(and(eq(customer.organizationId, organizationId), eq(customer.id, held.id)))
    const rating = {
      ...dated,
      ratedOn: dayOf(ratedOn),
      until: until === null ? null : dayOf(until),
      recordedAt: Temporal.Instant.from(audit.recordedAt),
    }
    return { customerId: held.id, rating, audit }
  })
}

function readRating(context: CommandContext, input: SetCreditRatingInput) {
  const today = todayOf(context)
  const source = readRequiredText(input.source, ['source'], SOURCE_LENGTH_MAX)
  if ('code' in source) return source
  const grade = readRequiredText(input.grade, ['grade'], GRADE_LENGTH_MAX)
  if ('code' in grade) return grade
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const ratedOn = input.ratedOn ?? today
  const until = input.until ?? null
  for (const [field, date] of [
    ['ratedOn', ratedOn],
    ['until', until],
  ] as const) {
    if (date !== null && !isPlausible(date)) return implausible([field], date)
  }
  if (Temporal.PlainDate.compare(ratedOn, today) > 0) {
    const told = `${ratedOn.toString()} is to come: a rating counts from a day up to today, ${today.toString()}`
    return invalid(['ratedOn'], told)
  }
  if (until !== null && Temporal.PlainDate.compare(until, ratedOn) < 0) {
    const told = `The last day, ${until.toString()}, lies before the first, ${dateOf(dayOf(ratedOn)).toString()}`
    return invalid(['until'], told)
  }
  return { source: source.text, grade: grade.text, reason: reason.text, ratedOn, until }
}
