/** `alertRaised`: what a subscriber has missed, then all that happens to alerts as it is recorded. */
import { and, eq, inArray } from 'drizzle-orm'
import { renewView, type Context } from '../context.ts'
import { badUserInput, tooMuch } from '../errors.ts'
import { decodeId, encodeId } from '../ids.ts'
import { decodeProgressCursor, encodeProgressCursor } from '../live/cursor.ts'
import { readTransitionPosition, readTransitionsAfter } from '../live/alert-events.ts'
import { createQueue, type Queue } from '../live/queue.ts'
import type { AlertEventKind, SubscriptionAlertRaisedArgs } from '../schema.generated.ts'
import type { AlertTransitionRow } from '@tidemark/drizzle/rows.ts'
import { alert } from '@tidemark/drizzle/tables/alert.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'

/** What a subscription announces. */
export type AlertEvent = {
  readonly kind: AlertEventKind
  /** The place of this event among all that happened to alerts of the organization. */
  readonly cursor: string
  /** Null with LISTENING and GAP. */
  readonly transition: AlertTransitionRow | null
}

const GOALS_MAX = 200
/** Whoever missed more reads the list anew. */
const REPLAY_MAX = 5_000
const WAITING_MAX = 1_000

/** Throws BAD_USER_INPUT for a text that is no cursor and for goals that do not exist. */
export async function followAlerts(
  context: Context,
  args: SubscriptionAlertRaisedArgs,
): Promise<Queue<AlertEvent>> {
  const { organization, alertFeed } = context
  const cursor = args.since ? decodeProgressCursor(organization.id, args.since) : null
  if (args.since && cursor === null)
    throw badUserInput(
      '`since` is no cursor: pass the `cursor` of an event or the `alertCursor` of `alerts`.',
    )
  const keepWanted = await wantedBy(args, context)

  // What comes while the past is read waits here; only then it is known what of it is new.
  const arrived: AlertTransitionRow[] = []
  let take = (row: AlertTransitionRow): void => void arrived.push(row)
  const stop = await alertFeed.follow(organization.id, (row) => take(row))
  try {
    renewView(context)
    const { position, missed, isGap } = await readPast(context, cursor)
    context.bounds.spending?.again(missed.length)
    const here = encodeProgressCursor(organization.id, position)
    const past = await keepWanted(missed)
    const first: readonly AlertEvent[] =
      cursor === null || isGap
        ? [{ kind: isGap ? 'GAP' : 'LISTENING', cursor: here, transition: null }]
        : past.map((row) => eventOf(organization.id, row))
    const queue = createQueue(first, {
      itemsMax: WAITING_MAX,
      // Of an alert that changes faster than a client reads, the last state says all.
      keyOf: ({ transition }) => transition?.alertId,
      onEnd: stop,
      order: { position, sequenceOf: ({ transition }) => transition?.sequence ?? position },
    })
    // One after the other: whether a row is wanted may take a look at its alert.
    let handing: Promise<void> = Promise.resolve()
    take = (row) => {
      if (row.sequence <= position) return
      handing = handing
        .then(async () => {
          for (const wanted of await keepWanted([row])) queue.push(eventOf(organization.id, wanted))
        })
        .catch((error: unknown) => queue.fail(error))
    }
    arrived.forEach(take)
    return queue
  } catch (error) {
    stop()
    throw error
  }
}

type KeepWanted = (rows: readonly AlertTransitionRow[]) => Promise<readonly AlertTransitionRow[]>

/** By goals and severities, neither of which an alert ever changes. */
async function wantedBy(
  { goalIds, severities }: SubscriptionAlertRaisedArgs,
  { connection, organization }: Context,
): Promise<KeepWanted> {
  if (goalIds && goalIds.length > GOALS_MAX)
    throw tooMuch(`\`goalIds\` takes at most ${GOALS_MAX} goals, not ${goalIds.length}.`)
  const goals = goalIds?.map((id) => decodeId('goal', id) ?? unknownGoal(id))
  const read = { organizationId: organization.id, mode: 'read' } as const
  if (goals) {
    const known = await inTransaction(connection, read, (tx) =>
      tx
        .select({ id: goal.id })
        .from(goal)
        .where(and(eq(goal.organizationId, organization.id), inArray(goal.id, goals))),
    )
    const missing = goals.find((id) => !known.some((one) => one.id === id))
    if (missing !== undefined) return unknownGoal(encodeId('goal', missing))
  }
  if (!goals && !severities) return (rows) => Promise.resolve(rows)
  return async (rows) => {
    const ids = [...new Set(rows.flatMap(({ alertId }) => alertId ?? []))]
    const found = await inTransaction(connection, read, (tx) =>
      tx
        .select({ id: alert.id })
        .from(alert)
        .where(
          and(
            eq(alert.organizationId, organization.id),
            inArray(alert.id, ids),
            goals ? inArray(alert.goalId, goals) : undefined,
            severities ? inArray(alert.severity, [...severities]) : undefined,
          ),
        ),
    )
    const wanted = new Set(found.map(({ id }) => id))
    return rows.filter(({ alertId }) => alertId !== null && wanted.has(alertId))
  }
}

const unknownGoal = (id: string): never => {
  throw badUserInput(`There is no goal with id ${id}.`)
}

type Past = {
  /** The number up to which it tells everything. */
  readonly position: bigint
  readonly missed: readonly AlertTransitionRow[]
  readonly isGap: boolean
}

const readPast = (
  { reader, organization }: Context,
  cursor: { readonly foreign: boolean; readonly sequence: bigint } | null,
): Promise<Past> =>
  reader.read(async (tx) => {
    const position = await readTransitionPosition(tx, organization.id)
    if (cursor === null) return { position, missed: [], isGap: false }
    if (cursor.foreign || cursor.sequence > position) return { position, missed: [], isGap: true }
    const after = { sequence: cursor.sequence, limit: REPLAY_MAX + 1 }
    const missed = await readTransitionsAfter(tx, organization.id, after)
    return missed.length > REPLAY_MAX
      ? { position, missed: [], isGap: true }
      : { position, missed, isGap: false }
  })

const eventOf = (organizationId: string, transition: AlertTransitionRow): AlertEvent => ({
  // Of an alert nothing else is told.
  kind: transition.kind as AlertEventKind,
  cursor: encodeProgressCursor(organizationId, transition.sequence),
  transition,
})
