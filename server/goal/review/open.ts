/** Opens reviews: those that are due, and those that somebody asks for. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../../command.ts'
import { todayOf } from '../../context.ts'
import { dateAt, isBefore } from '../../domain/calendar.ts'
import type { FiscalCalendar } from '../../domain/fiscal.ts'
import { inWords } from '../../domain/goal-words.ts'
import {
  dueOnOf,
  periodOfReview,
  reviewsDue,
  type ReviewKind,
  type ReviewPeriod,
} from '../../domain/review.ts'
import { decodeId, newUuid } from '../../ids.ts'
import { readUsualConventions } from '../../kpi/settings.ts'
import { writeAudit } from '../../ledger/audit.ts'
import { readSettledAt } from '../../ledger/settled.ts'
import { conflict, invalid, isProblem, notFound, type Problem } from '../../problem.ts'
import type { OpenGoalReviewInput } from '../../schema.generated.ts'
import { find, type Findings } from './findings.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { GoalRow, OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { goal, goalChange } from '@tidemark/drizzle/tables/goal.ts'
import { goalReview } from '@tidemark/drizzle/tables/review.ts'
import { inTransaction, openReader, type Tx } from '@tidemark/drizzle/transaction.ts'

export type ReviewChanged = Audited & { readonly reviewId: string }

/** Why a KPI changed is read from every entry of the period: nobody waits for that with a screen before them. */
const FIND_MS_MAX = 120_000

export type Found = { readonly findings: Findings; readonly foundAt: Temporal.Instant }

/** Reads the books in a transaction of its own. */
export async function findNow(
  { connection, organization, now }: Pick<CommandContext, 'connection' | 'organization' | 'now'>,
  row: GoalRow,
  period: ReviewPeriod,
): Promise<Found> {
  const settledAt = await readSettledAt(connection, organization.id)
  const reader = openReader(connection, organization.id, { timeoutMs: FIND_MS_MAX })
  try {
    return { findings: await find({ reader, organization, now, settledAt }, row, period), foundAt: settledAt }
  } finally {
    await reader.close()
  }
}

export async function openGoalReview(
  context: CommandContext,
  input: OpenGoalReviewInput,
): Promise<ReviewChanged | Problem> {
  const { connection, organization } = context
  const read = <T>(run: (tx: Tx) => Promise<T>) =>
    inTransaction(connection, { organizationId: organization.id, mode: 'read' }, run)
  const row = await read((tx) => readGoal(tx, organization.id, input.goal))
  if (row === undefined) return notFound(['goal'], `There is no goal with id ${input.goal}`)
  const { calendar } = await read((tx) => readUsualConventions(tx, organization.id))
  const period = periodOfReview(input.kind, input.on, calendar)
  const fault = faultOf(row, period, todayOf(context))
  return fault ?? openReview(context, { row, kind: input.kind, period }, input)
}

function faultOf(row: GoalRow, { from, to }: ReviewPeriod, today: Temporal.PlainDate): Problem | null {
  const period = `its period, ${inWords(from)} to ${inWords(to)},`
  if (!isBefore(to, today)) return invalid(['on'], `A review is of what has ended: ${period} has not`)
  if (isBefore(to, row.startsOn) || isBefore(row.deadline, from)) {
    const days = `${inWords(row.startsOn)} to ${inWords(row.deadline)}`
    return invalid(['on'], `The goal runs from ${days}, and ${period} lies outside`)
  }
  return null
}

async function readGoal(tx: Tx, organizationId: string, id: string): Promise<GoalRow | undefined> {
  const uuid = decodeId('goal', id)
  if (uuid === null) return undefined
  const [row] = await tx
    .select()
    .from(goal)
    .where(and(eq(goal.organizationId, organizationId), eq(goal.id, uuid)))
  return row
}

type Wanted = { readonly row: GoalRow; readonly kind: ReviewKind; readonly period: ReviewPeriod }
type Asked = { readonly dryRun: boolean; readonly idempotencyKey?: string | null | undefined }

async function openReview(
  context: CommandContext,
  { row, kind, period }: Wanted,
  input: Asked,
): Promise<ReviewChanged | Problem> {
  const { organization, actor, now } = context
  const { findings, foundAt } = await findNow(context, row, period)
  const taken = conflict(['on'], `That period has a review already: ${inWords(period.to)}`)
  const command = { action: 'openGoalReview', input, duplicates: { goal_review_period: taken } }
  return runCommand(context, command, async (tx) => {
    const review = {
      organizationId: organization.id,
      id: newUuid(),
      goalId: row.id,
      kind,
      periodFrom: period.from,
      periodTo: period.to,
      dueOn: dueOnOf(kind, period),
      findings,
      foundAt,
      discussion: null,
      decisions: [],
      openedAt: now,
      actor,
    }
    await tx.insert(goalReview).values(review)
    const after = { id: review.id, kind, from: period.from.toString(), to: period.to.toString() }
    const audit = await writeAudit(tx, context, { action: 'openGoalReview', subject: row.id, after })
    return { reviewId: review.id, audit }
  })
}

/**
 * Opens what is due in one organization and is not there yet; how many that were. Other processes may be at it too: each
 * period has one review, and since every process takes what is left in an order of its own, few are found twice.
 */
export async function openDueReviews(
  connection: Connection,
  organization: OrganizationRow,
  now: Temporal.Instant,
  isClosed: () => boolean,
): Promise<number> {
  const context: CommandContext = { connection, organization, actor: 'system', now, posted: () => {} }
  const read = () =>
    inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
      readDue(tx, organization, now),
    )
  let opened = 0
  for (let due = await read(); due.length > 0 && !isClosed(); due = await read()) {
    const wanted = due[Math.floor(Math.random() * due.length)]
    if (wanted !== undefined && !isProblem(await openReview(context, wanted, { dryRun: false }))) opened += 1
  }
  return opened
}

async function readDue(tx: Tx, organization: OrganizationRow, now: Temporal.Instant): Promise<Wanted[]> {
  const { id: organizationId, timeZone } = organization
  const { calendar } = await readUsualConventions(tx, organizationId)
  const today = dateAt(now, timeZone)
  const goals = await readReviewed(tx, organizationId, today, calendar)
  const wanted = goals.flatMap((row) =>
    reviewsDue(row, calendar, { today, since: dateAt(row.createdAt, timeZone) }).map((one) => ({
      ...one,
      row,
    })),
  )
  if (wanted.length === 0) return []
  const there = await tx
    .select({ goalId: goalReview.goalId, kind: goalReview.kind, to: goalReview.periodTo })
    .from(goalReview)
    .where(
      and(
        eq(goalReview.organizationId, organizationId),
        inArray(goalReview.goalId, [...new Set(wanted.map(({ row }) => row.id))]),
      ),
    )
  const keyOf = (goalId: string, kind: string, to: Temporal.PlainDate) => `${goalId} ${kind} ${to.toString()}`
  const known = new Set(there.map(({ goalId, kind, to }) => keyOf(goalId, kind, to)))
  return wanted.filter(({ row, kind, period }) => !known.has(keyOf(row.id, kind, period.to)))
}

/** Those that run, and those that were closed since the last quarter began: how they ended is to be talked about. */
function readReviewed(
  tx: Tx,
  organizationId: string,
  today: Temporal.PlainDate,
  calendar: FiscalCalendar,
): Promise<GoalRow[]> {
  const current = periodOfReview('QUARTERLY_REVIEW', today, calendar)
  const last = periodOfReview('QUARTERLY_REVIEW', current.from.subtract({ days: 1 }), calendar)
  const closedSince = tx
    .select({ one: sql`1` })
    .from(goalChange)
    .where(
      and(
        eq(goalChange.organizationId, organizationId),
        eq(goalChange.goalId, goal.id),
        eq(goalChange.version, goal.version),
        sql`${goalChange.recordedAt} >= ${last.from.toString()}::date`,
      ),
    )
  return tx
    .select()
    .from(goal)
    .where(
      and(
        eq(goal.organizationId, organizationId),
        sql`(${goal.state} in ('ACTIVE', 'PAUSED') or ${goal.state} = 'CLOSED' and exists ${closedSince})`,
      ),
    )
    .orderBy(goal.id)
}
