/** Which reviews, and what is told of them. */
import { and, eq, gte, isNotNull, isNull, lt, or, type SQL } from 'drizzle-orm'
import type { Page, SortKey } from '../../connection.ts'
import { todayOf, type Context } from '../../context.ts'
import { isBefore } from '../../domain/calendar.ts'
import { signersOf } from '../../domain/review.ts'
import { decodeId } from '../../ids.ts'
import { required } from '../../loaders.ts'
import type { Findings } from './findings.ts'
import type { QueryGoalReviewsArgs } from '../../schema.generated.ts'
import { isId } from '../../filter.ts'
import { listRows } from '../../list.ts'
import type { GoalReviewRow, GoalReviewSignatureRow } from '@tidemark/drizzle/rows.ts'
import { goalReview } from '@tidemark/drizzle/tables/review.ts'

export type FindingsOfReview = Findings & { readonly knownAt: Temporal.Instant }

/** A signature, or the place for one. */
export type SignaturePlace = {
  readonly role: GoalReviewSignatureRow['role']
  readonly personId: string | null
  readonly signedAt: Temporal.Instant | null
  readonly digest: string | null
}

const lastDueFirst: SortKey<GoalReviewRow>[] = [
  {
    name: 'DUE_ON',
    column: goalReview.dueOn,
    direction: 'DESC',
    type: 'date',
    valueOf: ({ dueOn }) => dueOn.toString(),
  },
  { name: 'ID', column: goalReview.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]

export function listReviews(context: Context, args: QueryGoalReviewsArgs): Promise<Page<GoalReviewRow>> {
  const { reader, organization } = context
  const where = and(eq(goalReview.organizationId, organization.id), ...matches(args, todayOf(context)))
  return listRows(reader, { table: goalReview, keys: lastDueFirst, where }, args)
}

function matches(args: QueryGoalReviewsArgs, today: Temporal.PlainDate): (SQL | undefined)[] {
  const { goal, kind, isSigned, isOverdue } = args
  const overdue = and(isNull(goalReview.signedAt), lt(goalReview.dueOn, today))
  const notOverdue = or(isNotNull(goalReview.signedAt), gte(goalReview.dueOn, today))
  return [
    goal ? isId(goalReview.goalId, 'goal', goal) : undefined,
    kind ? eq(goalReview.kind, kind) : undefined,
    isSigned == null ? undefined : isSigned ? isNotNull(goalReview.signedAt) : isNull(goalReview.signedAt),
    isOverdue == null ? undefined : isOverdue ? overdue : notOverdue,
  ]
}

export async function findReview(
  { reader, organization }: Context,
  id: string,
): Promise<GoalReviewRow | null> {
  const uuid = decodeId('goalReview', id)
  if (uuid === null) return null
  const [row] = await reader.read((tx) =>
    tx
      .select()
      .from(goalReview)
      .where(and(eq(goalReview.organizationId, organization.id), eq(goalReview.id, uuid))),
  )
  return row ?? null
}

export const isOverdue = ({ signedAt, dueOn }: GoalReviewRow, today: Temporal.PlainDate): boolean =>
  signedAt === null && isBefore(dueOn, today)

/** Who signed, and, while it waits, whose signature is missing by what the goal says today. */
export async function signaturesOf(
  review: GoalReviewRow,
  { loaders }: Pick<Context, 'loaders'>,
): Promise<SignaturePlace[]> {
  const signatures = await loaders.reviewSignatures.load(review.id)
  if (review.signedAt !== null) return [...signatures]
  const places = signersOf(await required(loaders.goal, review.goalId))
  return places.map(
    ({ role, personId }) =>
      signatures.find((one) => one.role === role) ?? { role, personId, signedAt: null, digest: null },
  )
}

export const findingsOf = ({ findings, foundAt }: GoalReviewRow): FindingsOfReview => ({
  ...(findings as Findings),
  knownAt: foundAt,
})
