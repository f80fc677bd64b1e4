/** `goalProgress`: what a subscriber has missed, or how things stand, then every change as it is recorded. */
import { and, asc, eq, inArray } from 'drizzle-orm'
import { renewView, type Context } from '../context.ts'
import { badUserInput, tooMuch } from '../errors.ts'
import { decodeId } from '../ids.ts'
import { decodeProgressCursor, encodeProgressCursor } from '../live/cursor.ts'
import { readLatestProgress, readProgressAfter, readSequence } from '../live/progress.ts'
import { createQueue, type Queue } from '../live/queue.ts'
import type { GoalProgressEventKind } from '../schema.generated.ts'
import type { GoalProgressRow } from '@tidemark/drizzle/rows.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** What a subscription announces. */
export type ProgressEvent = {
  readonly kind: GoalProgressEventKind
  /** The place of this event in the organization's sequence. */
  readonly cursor: string
  readonly goalId: string
  /** The stored row of that place; null where the goal was not evaluated yet. */
  readonly progress: GoalProgressRow | null
}

export type FollowProgress = {
  /** As the API has them; null for all. */
  readonly goalIds?: readonly string[] | null | undefined
  readonly since?: string | null | undefined
}

const GOALS_MAX = 200
/** Whoever missed more gets a GAP instead: where things stand says more than how they came to. */
const REPLAY_MAX = 5_000
const WAITING_MAX = 256

/** Throws BAD_USER_INPUT for a text that is no cursor and for goals that do not exist. */
export async function followProgress(
  context: Context,
  { goalIds: ids, since }: FollowProgress,
): Promise<Queue<ProgressEvent>> {
  const { organization, feed } = context
  const goalIds = ids ? decodeGoalIds(ids) : null
  const cursor = since ? decodeProgressCursor(organization.id, since) : null
  if (since && cursor === null) {
    throw badUserInput(
      '`since` is no cursor: pass the `cursor` of an event or the `progressCursor` of `goals`.',
    )
  }

  // What comes while the past is read waits here; only then it is known what of it is new.
  const arrived: GoalProgressRow[] = []
  let take = (row: GoalProgressRow): void => void arrived.push(row)
  const wanted = goalIds === null ? null : new Set(goalIds)
  const stop = await feed.follow(organization.id, (row) => {
    if (wanted === null || wanted.has(row.goalId)) take(row)
  })
  try {
    renewView(context)
    const past = await context.reader.read((tx) => readPast(tx, organization.id, goalIds, cursor))
    context.bounds.spending?.again(past.events.length - 1)
    const update = (row: GoalProgressRow) => eventOf('UPDATE', organization.id, row)
    const queue = createQueue(past.events, {
      itemsMax: WAITING_MAX,
      keyOf: (event) => event.goalId,
      onEnd: stop,
      order: {
        position: past.sequence,
        sequenceOf: ({ progress }) => progress?.sequence ?? 0n,
      },
    })
    take = (row) => {
      if (row.sequence > past.sequence) queue.push(update(row))
    }
    arrived.forEach(take)
    return queue
  } catch (error) {
    stop()
    throw error
  }
}

function decodeGoalIds(ids: readonly string[]): string[] {
  if (ids.length > GOALS_MAX)
    throw tooMuch(`\`goalIds\` takes at most ${GOALS_MAX} goals, not ${ids.length}.`)
  return ids.map((id) => decodeId('goal', id) ?? unknownGoal(id))
}

const unknownGoal = (id: string): never => {
  throw badUserInput(`There is no goal with id ${id}.`)
}

/** What is announced first, and the number in the sequence up to which it tells everything. */
type Past = { readonly events: readonly ProgressEvent[]; readonly sequence: bigint }

async function readPast(
  tx: Tx,
  organizationId: string,
  goalIds: readonly string[] | null,
  cursor: { readonly foreign: boolean; readonly sequence: bigint } | null,
): Promise<Past> {
  const [sequence, goals] = await Promise.all([
    readSequence(tx, organizationId),
    readGoalIds(tx, organizationId, goalIds),
  ])
  const isKnown = cursor !== null && !cursor.foreign && cursor.sequence <= sequence
  if (isKnown) {
    const after = { sequence: cursor.sequence, goalIds, limit: REPLAY_MAX + 1 }
    const missed = await readProgressAfter(tx, organizationId, after)
    if (missed.length <= REPLAY_MAX) {
      return { sequence, events: missed.map((row) => eventOf('UPDATE', organizationId, row)) }
    }
  }
  const latest = await readLatestProgress(tx, organizationId, goals)
  const kind = cursor === null ? 'SNAPSHOT' : 'GAP'
  return { sequence, events: snapshot(kind, organizationId, goals, latest) }
}

/**
 * One event per goal, in the order of their rows and each with the cursor of its own: who leaves between two of them
 * and comes back with the cursor of the first gets the others.
 */
function snapshot(
  kind: 'SNAPSHOT' | 'GAP',
  organizationId: string,
  goalIds: readonly string[],
  latest: ReadonlyMap<string, GoalProgressRow>,
): ProgressEvent[] {
  const events = goalIds.map((goalId) => {
    const progress = latest.get(goalId) ?? null
    const sequence = progress?.sequence ?? 0n
    return {
      sequence,
      event: { kind, cursor: encodeProgressCursor(organizationId, sequence), goalId, progress },
    }
  })
  return events.sort((a, b) => Number(a.sequence - b.sequence)).map(({ event }) => event)
}

const eventOf = (
  kind: GoalProgressEventKind,
  organizationId: string,
  progress: GoalProgressRow,
): ProgressEvent => ({
  kind,
  cursor: encodeProgressCursor(organizationId, progress.sequence),
  goalId: progress.goalId,
  progress,
})

/** Those asked for, which must all exist; else all active ones. */
async function readGoalIds(
  tx: Tx,
  organizationId: string,
  goalIds: readonly string[] | null,
): Promise<string[]> {
  const rows = await tx
    .select({ id: goal.id })
    .from(goal)
    .where(
      and(
        eq(goal.organizationId, organizationId),
        goalIds === null ? eq(goal.state, 'ACTIVE') : inArray(goal.id, [...goalIds]),
      ),
    )
    .orderBy(asc(goal.id))
  const found = rows.map(({ id }) => id)
  const missing = goalIds?.find((id) => !found.includes(id))
  return missing === undefined ? found : unknownGoal(`goal_${missing}`)
}
