/** What people do with a review: they say, decide and sign. */
import { and, asc, eq } from 'drizzle-orm'
import { runCommand, type CommandContext } from '../../command.ts'
import { digestOfParts } from '../../digest.ts'
import { inWords } from '../../domain/goal-words.ts'
import { isReviewKind, reviewKinds, signersOf, type ReviewRole } from '../../domain/review.ts'
import { changeWithin, type GoalChanged, type GoalWork } from '../change.ts'
import { nameOf } from '../changes.ts'
import { findStranger } from '../check.ts'
import { decodeId } from '../../ids.ts'
import { writeAudit } from '../../ledger/audit.ts'
import { conflict, invalid, isProblem, notFound, type Path, type Problem } from '../../problem.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../../text.ts'
import type {
  RefreshGoalReviewInput,
  ReopenGoalReviewInput,
  SetGoalReviewsInput,
  SignGoalReviewInput,
  UpdateGoalReviewInput,
} from '../../schema.generated.ts'
import { findNow, type Found, type ReviewChanged } from './open.ts'
import type { GoalReviewRow, GoalReviewSignatureRow, GoalRow } from '@tidemark/drizzle/rows.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import { goalReview, goalReviewSignature } from '@tidemark/drizzle/tables/review.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

/** As the table keeps it: the owner by id, the day as YYYY-MM-DD. */
export type Decision = {
  readonly text: string
  readonly ownerId: string | null
  readonly dueOn: string | null
}

const DISCUSSION_LENGTH_MAX = 10_000
const DECISIONS_MAX = 50

type Outcome = ReviewChanged | Problem

export async function updateGoalReview(
  context: CommandContext,
  input: UpdateGoalReviewInput,
): Promise<Outcome> {
  const discussion = checkDiscussion(input.discussion)
  if (isProblem(discussion)) return discussion
  const decisions = checkDecisions(input.decisions)
  if (isProblem(decisions)) return decisions
  const set = { ...discussion, ...decisions }
  if (Object.keys(set).length === 0) return invalid([], 'Neither `discussion` nor `decisions` is given')
  return changeReview(context, 'updateGoalReview', input, async (tx) => {
    const named = (decisions.decisions ?? []).flatMap(({ ownerId }, index) =>
      ownerId === null ? [] : [{ path: ['decisions', String(index), 'ownerId'], id: ownerId }],
    )
    return (await findStranger(tx, context.organization.id, named)) ?? { set, after: set }
  })
}

function checkDiscussion(text: string | null | undefined): { readonly discussion?: string | null } | Problem {
  if (text === undefined) return {}
  const discussion = text?.trim() ?? ''
  if (discussion.length > DISCUSSION_LENGTH_MAX) {
    return invalid(
      ['discussion'],
      `At most ${DISCUSSION_LENGTH_MAX} characters are kept, not ${discussion.length}`,
    )
  }
  // Unlike a name it keeps its lines.
  if (/[^\P{Cc}\n\t]/u.test(discussion))
    return invalid(['discussion'], 'It has characters that cannot be seen')
  return { discussion: discussion === '' ? null : discussion }
}

function checkDecisions(
  given: UpdateGoalReviewInput['decisions'],
): { readonly decisions?: readonly Decision[] } | Problem {
  if (given === null || given === undefined) return {}
  if (given.length > DECISIONS_MAX)
    return invalid(['decisions'], `At most ${DECISIONS_MAX} are kept, not ${given.length}`)
  const decisions: Decision[] = []
  for (const [index, { text, ownerId, dueOn }] of given.entries()) {
    const at: Path = ['decisions', String(index)]
    const said = readRequiredText(text, [...at, 'text'], SENTENCE_LENGTH_MAX)
    if ('code' in said) return said
    const owner = ownerId ? decodeId('person', ownerId) : null
    if (ownerId && owner === null) return notFound([...at, 'ownerId'], 'There is no person with this id')
    decisions.push({ text: said.text, ownerId: owner, dueOn: dueOn?.toString() ?? null })
  }
  return { decisions }
}

/** What it finds is read before the review is locked: that may take a minute. */
export async function refreshGoalReview(
  context: CommandContext,
  input: RefreshGoalReviewInput,
): Promise<Outcome> {
  const { connection, organization } = context
  const seen = await inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
    readReview(tx, organization.id, input.review),
  )
  if (isProblem(seen)) return seen
  const { periodFrom: from, periodTo: to } = seen.review
  const found: Found = await findNow(context, seen.goal, { from, to })
  return changeReview(context, 'refreshGoalReview', input, () => ({
    set: found,
    after: { foundAt: found.foundAt.toString() },
  }))
}

export const reopenGoalReview = async (
  context: CommandContext,
  input: ReopenGoalReviewInput,
): Promise<Outcome> => {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  return runCommand(context, { action: 'reopenGoalReview', input }, async (tx) => {
    const locked = await lockReview(tx, context, input)
    if (isProblem(locked)) return locked
    const { review, signatures } = locked
    if (signatures.length === 0)
      return invalid(['review'], 'Nobody has signed it: it can be changed as it is')
    await tx
      .delete(goalReviewSignature)
      .where(
        and(
          eq(goalReviewSignature.organizationId, review.organizationId),
          eq(goalReviewSignature.reviewId, review.id),
        ),
      )
    const before = { id: review.id, signatures: signatures.map(({ role, digest }) => ({ role, digest })) }
    return writeReview(tx, context, {
      action: 'reopenGoalReview',
      review,
      set: {},
      before,
      after: { id: review.id, version: review.version + 1 },
      reason: reason.text,
    })
  })
}

/** Only as who one is: a token has no name to sign with. */
export const signGoalReview = (context: CommandContext, input: SignGoalReviewInput): Promise<Outcome> =>
  runCommand(context, { action: 'signGoalReview', input }, async (tx) => {
    const locked = await lockReview(tx, context, input)
    if (isProblem(locked)) return locked
    const { review, goal: row, signatures } = locked
    const [kind, personId = ''] = context.actor.split(':')
    if (kind !== 'member') return invalid(['review'], 'A review is signed by a person who signed in')
    const places = signersOf(row)
    const place = places.find((one) => one.personId === personId || one.personId === null)
    if (place === undefined) {
      const names = await Promise.all(
        places.map((one) => nameOf(tx, review.organizationId, `member:${one.personId}`)),
      )
      return invalid(['review'], `It is for ${names.join(' and ')} to sign`)
    }
    const others = signatures.filter(({ role }) => role !== place.role)
    if (others.length < signatures.length) return invalid(['review'], 'You have signed it already')
    const { now } = context
    const signature = {
      organizationId: review.organizationId,
      reviewId: review.id,
      role: place.role,
      personId,
      signedAt: now,
      digest: digestOf(review),
    }
    await tx.insert(goalReviewSignature).values(signature)
    const isLast = isSigned(places, [...others, signature])
    return writeReview(tx, context, {
      action: 'signGoalReview',
      review,
      set: isLast ? { signedAt: now } : {},
      after: { id: review.id, role: place.role, digest: signature.digest, complete: isLast },
    })
  })

/** True where each place has its signature. Somebody who signed before the goal changed hands still has. */
const isSigned = (
  places: readonly { readonly role: ReviewRole }[],
  signatures: readonly Pick<GoalReviewSignatureRow, 'role'>[],
): boolean => places.every(({ role }) => signatures.some((one) => one.role === role))

/** Of what people put their names to. */
export const digestOf = (review: GoalReviewRow): string =>
  digestOfParts([
    review.id,
    review.goalId,
    review.kind,
    review.periodFrom.toString(),
    review.periodTo.toString(),
    review.foundAt.toString(),
    review.findings,
    review.discussion,
    review.decisions,
  ])

/** Of a goal, so it is kept among its changes. */
export const setGoalReviews = (
  context: CommandContext,
  input: SetGoalReviewsInput,
): Promise<GoalChanged | Problem> =>
  runCommand(context, { action: 'setGoalReviews', input }, prepareReviews(context, input))

export const prepareReviews =
  (context: CommandContext, input: SetGoalReviewsInput): GoalWork =>
  (tx) =>
    changeWithin(tx, context, { action: 'setGoalReviews', input }, (_tx, row) => {
      const reviews = reviewKinds.filter((kind) => input.kinds.includes(kind))
      const before = row.reviews.filter(isReviewKind)
      if (reviews.join() === before.join()) return invalid(['kinds'], 'The goal has these reviews already')
      const told = (kinds: readonly string[]) => (kinds.length === 0 ? null : kinds.join(', '))
      return {
        set: { reviews },
        fields: [{ field: 'REVIEWS', from: told(before), to: told(reviews) }],
        reason: null,
      }
    })

type ChangeInput = {
  readonly review: string
  readonly expectedVersion: number
  readonly dryRun: boolean
  readonly idempotencyKey?: string | null | undefined
}

type Change = {
  readonly set: Partial<Pick<GoalReviewRow, 'discussion' | 'decisions' | 'findings' | 'foundAt' | 'signedAt'>>
  readonly after: object
}

/** A change of what people sign: nobody may have signed yet. */
const changeReview = (
  context: CommandContext,
  action: string,
  input: ChangeInput,
  decide: (tx: Tx, row: GoalReviewRow) => Change | Problem | Promise<Change | Problem>,
): Promise<Outcome> =>
  runCommand(context, { action, input }, async (tx) => {
    const locked = await lockReview(tx, context, input)
    if (isProblem(locked)) return locked
    const { review, signatures } = locked
    const [first] = signatures
    if (first !== undefined) {
      const who = await nameOf(tx, review.organizationId, `member:${first.personId}`)
      return invalid(['review'], `${who} has signed what it says now: reopen it to change it`)
    }
    const change = await decide(tx, review)
    if (isProblem(change)) return change
    const after = { id: review.id, ...change.after }
    return writeReview(tx, context, { action, review, set: change.set, after })
  })

async function writeReview(
  tx: Tx,
  context: CommandContext,
  {
    review,
    set,
    ...entry
  }: {
    readonly action: string
    readonly review: GoalReviewRow
    readonly set: Change['set']
    readonly before?: object
    readonly after: object
    readonly reason?: string
  },
): Promise<ReviewChanged> {
  await tx
    .update(goalReview)
    .set({ ...set, actor: context.actor, version: review.version + 1 })
    .where(and(eq(goalReview.organizationId, review.organizationId), eq(goalReview.id, review.id)))
  const audit = await writeAudit(tx, context, { ...entry, subject: review.goalId })
  return { reviewId: review.id, audit }
}

type Read = { readonly review: GoalReviewRow; readonly goal: GoalRow }

async function readReview(tx: Tx, organizationId: string, id: string): Promise<Read | Problem> {
  const uuid = decodeId('goalReview', id)
  const [row] =
    uuid === null
      ? []
      : await tx
          .select()
          .from(goalReview)
          .innerJoin(
            goal,
            and(eq(goal.organizationId, goalReview.organizationId), eq(goal.id, goalReview.goalId)),
          )
          .where(and(eq(goalReview.organizationId, organizationId), eq(goalReview.id, uuid)))
  if (row === undefined) return notFound(['review'], `There is no review with id ${id}`)
  return { review: row.goal_review, goal: row.goal }
}

type Locked = Read & { readonly signatures: readonly GoalReviewSignatureRow[] }

/** The review as it stays until the end of the transaction, or why it cannot be changed as it was seen. */
async function lockReview(
  tx: Tx,
  { organization }: CommandContext,
  { review: id, expectedVersion }: ChangeInput,
): Promise<Locked | Problem> {
  const organizationId = organization.id
  const seen = await readReview(tx, organizationId, id)
  if (isProblem(seen)) return seen
  // Row-level security hides from an update what is signed by all, and so from this lock.
  const [review] = await tx
    .select()
    .from(goalReview)
    .where(and(eq(goalReview.organizationId, organizationId), eq(goalReview.id, seen.review.id)))
    .for('no key update')
  if (review === undefined) {
    const day = inWords(seen.review.periodTo)
    return invalid(['review'], `The review up to ${day} is signed: nothing of it can be changed any more`)
  }
  if (review.version !== expectedVersion) {
    const who = await nameOf(tx, organizationId, review.actor)
    const message = `The review is at version ${review.version} by now: ${who} changed it last`
    return conflict(['expectedVersion'], message)
  }
  const signatures = await tx
    .select()
    .from(goalReviewSignature)
    .where(
      and(
        eq(goalReviewSignature.organizationId, organizationId),
        eq(goalReviewSignature.reviewId, review.id),
      ),
    )
    .orderBy(asc(goalReviewSignature.role))
  return { review, goal: seen.goal, signatures }
}
