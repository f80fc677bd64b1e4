/** At which organizations there is something to do: found in one statement, however many there are that wait for nothing. */
import { dateAt } from '../domain/calendar.ts'
import { isUnsealed } from '../ledger/seal.ts'
import { isDue, readDueAt, readSnapshot, type EvaluatedOrganization } from './evaluate.ts'
import { isCreditDue } from './credit-watch.ts'
import { hasStaleForecasts } from './forecasts.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

/** Each organization is looked at so often at least, whatever is known of it. */
const LOOK_AGAIN_MS = 60_000

/** What an organization waits for, each with its own failure. */
export type Wanted = Readonly<
  Record<'seals' | 'evaluation' | 'forecasts' | 'credit', PromiseSettledResult<boolean>>
> & {
  /** When something is due though nothing happens; null where nothing is, or that is not known. */
  readonly dueAt: Temporal.Instant | null
}

/** One transaction, yet where the one cannot be told, such as for a time zone that there is not, the other still is. */
export const lookAt = (
  connection: Connection,
  one: EvaluatedOrganization,
  now: Temporal.Instant,
): Promise<Wanted> =>
  inTransaction(connection, { organizationId: one.id, mode: 'read' }, async (tx) => {
    const [seals, evaluation, forecasts, credit, dueAt] = await Promise.allSettled([
      isUnsealed(tx, one.id),
      isDue(tx, one, now),
      hasStaleForecasts(tx, one, now),
      isCreditDue(tx, one, now),
      readDueAt(tx, one.id),
    ])
    return {
      seals,
      evaluation,
      // What cannot be evaluated cannot be forecast, and is told once.
      forecasts: evaluation.status === 'rejected' ? NOTHING : forecasts,
      credit,
      dueAt: dueAt.status === 'rejected' ? null : dueAt.value,
    }
  })

const NOTHING: PromiseSettledResult<boolean> = { status: 'fulfilled', value: false }

export const organizationColumns = {
  id: organization.id,
  baseCurrency: organization.baseCurrency,
  timeZone: organization.timeZone,
}

/** What a look found of an organization: nothing has to be done before one of these changes. */
type Quiet = { readonly day: string; readonly dueAt: Temporal.Instant | null; readonly at: number }

/** Tells at which organizations nobody has to look again: in one statement, however many there are. */
export function createLookouts(connection: Connection, clock: () => Temporal.Instant) {
  const quiet = new Map<string, Quiet>()
  /** What was committed when they were read last. */
  let seen: string | null = null

  const isQuiet = ({ id, timeZone }: EvaluatedOrganization, now: Temporal.Instant): boolean => {
    const known = quiet.get(id)
    if (known === undefined || performance.now() - known.at > LOOK_AGAIN_MS) return false
    if (known.dueAt !== null && Temporal.Instant.compare(known.dueAt, now) <= 0) return false
    return known.day === dateAt(now, timeZone).toString()
  }

  return {
    async read() {
      const { organizations, withNews, snapshot } = await readNews(connection, seen)
      for (const id of withNews) quiet.delete(id)
      seen = snapshot
      const now = clock()
      return organizations.map((one) => ({ one, isQuiet: isQuiet(one, now) }))
    },
    async lookAt(one: EvaluatedOrganization): Promise<Wanted> {
      const now = clock()
      const wanted = await lookAt(connection, one, now)
      const { dueAt, ...kinds } = wanted
      const isNothing = Object.values(kinds).every((kind) => kind.status === 'fulfilled' && !kind.value)
      // After what it found was done, it looks once more.
      if (isNothing)
        quiet.set(one.id, { day: dateAt(now, one.timeZone).toString(), dueAt, at: performance.now() })
      else quiet.delete(one.id)
      return wanted
    },
  }
}

/** All organizations, and those with something new since `seen`: of them nothing is known to be quiet. */
const readNews = (connection: Connection, seen: string | null) =>
  inTransaction(connection, { organizationId: null, mode: 'read' }, async (tx) => {
    const [organizations, snapshot, withNews] = await Promise.all([
      tx.select(organizationColumns).from(organization),
      readSnapshot(tx),
      seen === null ? [] : readWithNews(tx, seen),
    ])
    return { organizations, snapshot, withNews }
  })

/** Async, so that it never throws at the call: the reads begun beside it would then fail with nobody to hear of it. */
async function readWithNews({ sql }: Tx, seen: string): Promise<readonly string[]> {
  const rows = await sql<{ id: string }[]>`select organizations_with_news(${seen}::pg_snapshot) as id`
  return rows.map(({ id }) => id)
}
