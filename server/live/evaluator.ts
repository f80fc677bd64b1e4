/**
 * When goals are evaluated: after a posting, told by this process or another; at midnight where the organization
 * is; and, should a word get lost, when a look each second finds something that was not seen. The audit is sealed on
 * the same occasions, beside the evaluation and not within it, so that a KPI that is slow or fails never delays it.
 */
import { eq } from 'drizzle-orm'
import { evaluate, isDue, type EvaluatedOrganization } from './evaluate.ts'
import { findForecasts, hasStaleForecasts } from './forecasts.ts'
import { createTally } from './tally.ts'
import { createAttempts, createPace, createTurns } from './turns.ts'
import type { Events, LogError } from '../events.ts'
import { isUnsealed, seal } from '../ledger/seal.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'

export type EvaluatorServices = {
  readonly connection: Connection
  readonly events: Events
  readonly clock: () => Temporal.Instant
  readonly logError: LogError
  /** Hears how far the evaluation of many organizations has come. */
  readonly logProgress?: (message: string) => void
}

export type Evaluator = {
  /** Looks at every organization now instead of in a second; settles when all that was due is evaluated and sealed. */
  poll(): Promise<void>
  /** Stops waking up and waits for what runs. */
  close(): Promise<void>
}

const POLL_MS = 1_000
/** Of all organizations: each takes two connections, and those are there for viewers first. */
const EVALUATIONS_AT_ONCE = 3
/** Each takes one connection, to read years: nobody waits for it. */
const FORECASTS_AT_ONCE = 1
/** What fails, such as books that are not folded yet and take too long to read, is tried again so much later. */
const FORECAST_RETRY_MS = 60_000
/** Each takes one connection, for milliseconds. */
const SEALS_AT_ONCE = 3
/** Of one organization: under load, one seal of many entries costs no more than one of a few. */
const SEAL_EVERY_MS = 200
/** What is due after so many looks cannot be evaluated at present. */
const LOOKS_MAX = 5
/** Another process holds the organization's lock: it needs about this long. */
const BUSY_RETRY_MS = 30

/** Begins at once with what was posted while no process ran. */
export function startEvaluator(services: EvaluatorServices, options: { pollMs?: number } = {}): Evaluator {
  const { connection, events } = services
  const closing = new AbortController()
  const isClosed = () => closing.signal.aborted
  const logError: LogError = (error, message) => {
    if (!isClosed()) services.logError(error, message)
  }

  const tally = createTally(
    (done, of) => services.logProgress?.(`${done} of ${of} organizations evaluated`),
    () => performance.now(),
  )
  const findOrganization = rememberOrganizations(connection)
  const evaluations = createTurns(
    EVALUATIONS_AT_ONCE,
    async (organizationId) => {
      const found = await findOrganization(organizationId)
      if (found !== null) await evaluateNow(services, found, isClosed)
    },
    (error, organizationId) =>
      logError(error, `The goals of organization ${organizationId} could not be evaluated`),
  )
  const seals = createTurns(
    SEALS_AT_ONCE,
    (organizationId) => sealNow(connection, organizationId, isClosed),
    (error, organizationId) =>
      logError(error, `The audit of organization ${organizationId} could not be sealed`),
  )

  const failed = new Map<string, number>()
  const forecasts = createTurns(
    FORECASTS_AT_ONCE,
    async (organizationId) => {
      const found = await findOrganization(organizationId)
      if (found === null) return
      failed.set(organizationId, performance.now())
      const isNew = await findForecasts(connection, found, services.clock(), isClosed)
      failed.delete(organizationId)
      // What was found becomes part of the progress.
      if (isNew) await evaluations.take(organizationId)
    },
    (error, organizationId) =>
      logError(error, `The goals of organization ${organizationId} could not be forecast`),
  )
  const mayForecast = (organizationId: string): boolean => {
    const at = failed.get(organizationId)
    return at === undefined || performance.now() - at > FORECAST_RETRY_MS
  }

  const sealing = createPace(SEAL_EVERY_MS, (organizationId) => void seals.take(organizationId))

  let looking: Promise<Found> | null = null
  const look = (): Promise<Found> => {
    looking ??= lookAtAll().finally(() => {
      looking = null
    })
    return looking
  }

  const attempt = createAttempts((error, what) => logError(error, `What is due could not be read (${what})`))

  const kinds = [
    { what: 'seals', turns: seals },
    { what: 'evaluation', turns: evaluations },
    { what: 'forecasts', turns: forecasts },
  ] as const

  /** Begins what is due, without waiting for it: a slow organization must not keep the others waiting. */
  const lookAtAll = async (): Promise<Found> => {
    const work: Promise<void>[] = []
    const organizations = await attempt('organizations', () => readOrganizations(connection))
    for (const one of organizations ?? []) {
      if (isClosed()) break
      const wanted = lazily(() => lookAt(connection, one, services.clock()))
      for (const { what, turns } of kinds) {
        const running = turns.running(one.id)
        if (running !== null) work.push(running)
        else if (what === 'forecasts' && !mayForecast(one.id)) continue
        // Each on its own: one that cannot be looked at must not hide those after it.
        else if (await attempt(`${what} of ${one.id}`, async () => valueOf((await wanted())[what])))
          work.push(what === 'evaluation' ? counted(turns.take(one.id)) : turns.take(one.id))
      }
    }
    return { work }
  }

  const counted = (turn: Promise<void>): Promise<void> => turn.finally(tally.begin())

  const poll = async (): Promise<void> => {
    // What runs already may have looked before the caller's posting, so only a look that finds nothing will do.
    await looking
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      const { work } = await look()
      if (work.length === 0 || isClosed()) return
      await Promise.all(work)
    }
  }

  const stopHearing = [
    events.on('posted', ({ organizationId }) => {
      sealing.ask(organizationId)
      void evaluations.take(organizationId)
    }),
    events.on('missed', () => void look()),
  ]
  const timer = setInterval(() => void look(), options.pollMs ?? POLL_MS)
  void look()
  return {
    poll,
    async close() {
      closing.abort()
      clearInterval(timer)
      for (const stop of stopHearing) stop()
      sealing.close()
      await looking
      await Promise.all(kinds.map(({ turns }) => turns.close()))
    },
  }
}

/** Evaluates until nothing is due, also where another process is at it, and tells where something changed. */
async function evaluateNow(
  { connection, events, clock, logError }: EvaluatorServices,
  organization: EvaluatedOrganization,
  isClosed: () => boolean,
): Promise<void> {
  for (;;) {
    const evaluated = await evaluate(connection, organization, clock(), logError)
    if (evaluated.outcome === 'DONE') {
      if (evaluated.appended > 0) events.publish('progress', { organizationId: organization.id })
      if (evaluated.alerted) events.publish('alerted', { organizationId: organization.id })
      return
    }
    await new Promise((resolve) => setTimeout(resolve, BUSY_RETRY_MS))
    if (isClosed() || !valueOf((await lookAt(connection, organization, clock())).evaluation)) return
  }
}

/** Seals until nothing is left to seal, also where another process is at it. */
async function sealNow(
  connection: Connection,
  organizationId: string,
  isClosed: () => boolean,
): Promise<void> {
  const read = { organizationId, mode: 'read' } as const
  while ((await seal(connection, organizationId, isClosed)).outcome === 'BUSY') {
    await new Promise((resolve) => setTimeout(resolve, BUSY_RETRY_MS))
    if (isClosed() || !(await inTransaction(connection, read, (tx) => isUnsealed(tx, organizationId)))) return
  }
}

/** The evaluations and seals that a look began or found under way. */
type Found = { readonly work: readonly Promise<void>[] }

/** What an organization waits for, each with its own failure. */
type Wanted = Readonly<Record<'seals' | 'evaluation' | 'forecasts', PromiseSettledResult<boolean>>>

/** One transaction, yet where the one cannot be told, such as for a time zone that there is not, the other still is. */
const lookAt = (connection: Connection, one: EvaluatedOrganization, now: Temporal.Instant): Promise<Wanted> =>
  inTransaction(connection, { organizationId: one.id, mode: 'read' }, async (tx) => {
    const [seals, evaluation, forecasts] = await Promise.allSettled([
      isUnsealed(tx, one.id),
      isDue(tx, one, now),
      hasStaleForecasts(tx, one, now),
    ])
    // What cannot be evaluated cannot be forecast, and is told once.
    return { seals, evaluation, forecasts: evaluation.status === 'rejected' ? NOTHING : forecasts }
  })

const NOTHING: PromiseSettledResult<boolean> = { status: 'fulfilled', value: false }

const valueOf = <Value>(result: PromiseSettledResult<Value>): Value => {
  if (result.status === 'rejected') throw result.reason
  return result.value
}

const lazily = <Value>(make: () => Promise<Value>): (() => Promise<Value>) => {
  let made: Promise<Value> | undefined
  return () => (made ??= make())
}

const columns = {
  id: organization.id,
  baseCurrency: organization.baseCurrency,
  timeZone: organization.timeZone,
}

const readOrganizations = (connection: Connection): Promise<EvaluatedOrganization[]> =>
  inTransaction(connection, { organizationId: null, mode: 'read' }, (tx) =>
    tx.select(columns).from(organization),
  )

/** What an evaluation needs of an organization never changes, so each is read once. */
function rememberOrganizations(connection: Connection) {
  const known = new Map<string, EvaluatedOrganization>()
  return async (id: string): Promise<EvaluatedOrganization | null> => {
    const found = known.get(id) ?? (await readOrganization(connection, id))
    if (found !== null) known.set(id, found)
    return found
  }
}

const readOrganization = async (
  connection: Connection,
  id: string,
): Promise<EvaluatedOrganization | null> => {
  const [found] = await inTransaction(connection, { organizationId: null, mode: 'read' }, (tx) =>
    tx.select(columns).from(organization).where(eq(organization.id, id)),
  )
  return found ?? null
}
