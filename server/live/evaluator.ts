/**
 * When goals are evaluated: after a posting, told by this process or another; at midnight where the organization
 * is; and, should a word get lost, when a look each second finds something that was not seen. The audit is sealed on
 * the same occasions, beside the evaluation and not within it, so that a KPI that is slow or fails never delays it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import { evaluate, type Evaluated, type EvaluatedOrganization } from './evaluate.ts'
import { isCreditDue, watchCredit } from './credit-watch.ts'
import { findForecasts } from './forecasts.ts'
import { createLookouts, lookAt, organizationColumns } from './lookouts.ts'
import { createTally } from './tally.ts'
import { createAttempts, createPace, createTurns } from './turns.ts'
import type { Events, LogError } from '../events.ts'
import { isUnsealed, seal } from '../ledger/seal.ts'
import { createMetrics, LATENCY_BOUNDS, type Metrics } from '../metrics.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'

export type EvaluatorServices = {
  readonly connection: Connection
  readonly events: Events
  readonly clock: () => Temporal.Instant
  readonly logError: LogError
  readonly metrics?: Metrics
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
/**
 * In a burst an evaluation is followed by a rest as long as itself, at most so long: what is posted meanwhile is one
 * evaluation all the same, and those who post have the processor for half of the time.
 */
const REST_MS_MAX = 40
/** The same where there is nothing to compute: whoever makes the first goal in a burst waits for it no longer than this. */
const IDLE_REST_MS = 200
/** Each takes one connection, to read years: nobody waits for it. */
const FORECASTS_AT_ONCE = 1
/** Goals that cannot be computed are tried again so much later, though nothing was posted: it may have been a passing fault. */
const FAILED_RETRY_MS = 30_000
/** What fails, such as books that are not folded yet and take too long to read, is tried again so much later. */
const FORECAST_RETRY_MS = 60_000
/** Each takes one connection, for milliseconds. */
const CREDIT_AT_ONCE = 2
/** Of one organization: under load, one look at many customers costs little more than one at a few. */
const CREDIT_EVERY_MS = 100
/** What need not be known in the same moment waits for the evaluation that viewers wait for, but no longer than this. */
const BESIDE_MS_MAX = 50
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

  const counts = countEvaluations(services.metrics ?? createMetrics())
  const tally = createTally(
    (done, of) => services.logProgress?.(`${done} of ${of} organizations evaluated`),
    () => performance.now(),
  )
  const findOrganization = rememberOrganizations(connection)
  const idle = new Set<string>()
  const evaluations = createTurns(
    EVALUATIONS_AT_ONCE,
    async (organizationId) => {
      const found = await findOrganization(organizationId)
      if (found === null) return
      const done = await evaluateNow(services, found, isClosed)
      counts.evaluated(organizationId, done)
      if (done?.isIdle === true) idle.add(organizationId)
      else idle.delete(organizationId)
    },
    (error, organizationId) =>
      logError(error, `The goals of organization ${organizationId} could not be evaluated`),
    (tookMs, organizationId) => (idle.has(organizationId) ? IDLE_REST_MS : Math.min(tookMs, REST_MS_MAX)),
  )
  const seals = createTurns(
    SEALS_AT_ONCE,
    (organizationId) => sealNow(services, organizationId, isClosed),
    (error, organizationId) =>
      logError(error, `The audit of organization ${organizationId} could not be sealed`),
  )

  const credit = createTurns(
    CREDIT_AT_ONCE,
    async (organizationId) => {
      const found = await findOrganization(organizationId)
      if (found !== null) await watchCreditNow(services, found, isClosed)
    },
    (error, organizationId) =>
      logError(error, `The credit limits of organization ${organizationId} could not be watched`),
  )
  const behindEvaluation = (organizationId: string): Promise<unknown> =>
    Promise.race([evaluations.running(organizationId), sleep(BESIDE_MS_MAX, undefined, { ref: false })])
  const watching = createPace(
    CREDIT_EVERY_MS,
    (organizationId) => void behindEvaluation(organizationId).then(() => credit.take(organizationId)),
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

  const sealing = createPace(
    SEAL_EVERY_MS,
    (organizationId) => void behindEvaluation(organizationId).then(() => seals.take(organizationId)),
  )

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
    { what: 'credit', turns: credit },
  ] as const

  const lookouts = createLookouts(connection, services.clock)

  /** Begins what is due, without waiting for it: a slow organization must not keep the others waiting. */
  const lookAtAll = async (): Promise<Found> => {
    const work: Promise<void>[] = []
    const organizations = await attempt('organizations', () => lookouts.read())
    for (const { one, isQuiet } of organizations ?? []) {
      if (isClosed()) break
      const wanted = lazily(() => lookouts.lookAt(one))
      for (const { what, turns } of kinds) {
        const running = turns.running(one.id)
        if (running !== null) work.push(running)
        else if (what === 'evaluation' && counts.isWorthATry(one.id)) work.push(turns.take(one.id))
        else if (isQuiet || (what === 'forecasts' && !mayForecast(one.id))) continue
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
      void evaluations.take(organizationId)
      sealing.ask(organizationId)
      watching.ask(organizationId)
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
      watching.close()
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
): Promise<Done | null> {
  for (;;) {
    const evaluated = await evaluate(connection, organization, clock(), logError)
    if (evaluated.outcome === 'DONE') {
      const { appended } = evaluated
      if (appended.length > 0) events.publish('progress', { organizationId: organization.id, appended })
      if (evaluated.alerted) events.publish('alerted', { organizationId: organization.id })
      return evaluated
    }
    await new Promise((resolve) => setTimeout(resolve, BUSY_RETRY_MS))
    if (isClosed() || !valueOf((await lookAt(connection, organization, clock())).evaluation)) return null
  }
}

/** Looks until nobody is left to look at, also where another process is at it, and tells where alerts changed. */
async function watchCreditNow(
  { connection, events, clock }: EvaluatorServices,
  organization: EvaluatedOrganization,
  isClosed: () => boolean,
): Promise<void> {
  const { id: organizationId } = organization
  const isDue = () =>
    inTransaction(connection, { organizationId, mode: 'read' }, (tx) =>
      isCreditDue(tx, organization, clock()),
    )
  if (!(await isDue())) return
  while (!isClosed()) {
    const watched = await watchCredit(connection, organization, clock())
    if (watched.outcome === 'DONE') {
      if (watched.alerted) events.publish('alerted', { organizationId })
      if (!watched.more) return
    } else {
      await new Promise((resolve) => setTimeout(resolve, BUSY_RETRY_MS))
      if (!(await isDue())) return
    }
  }
}

type Done = Extract<Evaluated, { readonly outcome: 'DONE' }>

/** What this process did, and which organizations have something that fails. */
function countEvaluations(metrics: Metrics) {
  let evaluations = 0
  const failures = new Map<string, { readonly count: number; readonly since: number }>()
  const lag = metrics.histogram(
    'tidemark_evaluation_lag_seconds',
    'From the recording of the first posting that was not evaluated yet to the progress of goals.',
    LATENCY_BOUNDS,
  )
  metrics.add('counter', 'tidemark_evaluations_total', 'Evaluations of organizations.', () => evaluations)
  metrics.add('gauge', 'tidemark_failing', 'Goals and alert rules that could not be computed.', () =>
    [...failures.values()].reduce((sum, { count }) => sum + count, 0),
  )
  return {
    evaluated(organizationId: string, done: Done | null): void {
      if (done === null) {
        // Another process knows.
        failures.delete(organizationId)
        return
      }
      evaluations += 1
      if (done.lagMs !== null) lag.observe(done.lagMs / 1_000)
      if (done.failing === 0) failures.delete(organizationId)
      else failures.set(organizationId, { count: done.failing, since: performance.now() })
    },
    /** Whether something failed in it so long ago that it may be well by now. */
    isWorthATry(organizationId: string): boolean {
      const failed = failures.get(organizationId)
      return failed !== undefined && performance.now() - failed.since > FAILED_RETRY_MS
    },
  }
}

/** Seals until nothing is left to seal, also where another process is at it, and tells where something was sealed. */
async function sealNow(
  { connection, events }: EvaluatorServices,
  organizationId: string,
  isClosed: () => boolean,
): Promise<void> {
  const read = { organizationId, mode: 'read' } as const
  for (;;) {
    const sealed = await seal(connection, organizationId, isClosed)
    if (sealed.outcome === 'DONE') {
      if (sealed.sealed > 0) events.publish('sealed', { organizationId })
      return
    }
    await new Promise((resolve) => setTimeout(resolve, BUSY_RETRY_MS))
    if (isClosed() || !(await inTransaction(connection, read, (tx) => isUnsealed(tx, organizationId)))) return
  }
}

/** The evaluations and seals that a look began or found under way. */
type Found = { readonly work: readonly Promise<void>[] }

const valueOf = <Value>(result: PromiseSettledResult<Value>): Value => {
  if (result.status === 'rejected') throw result.reason
  return result.value
}

const lazily = <Value>(make: () => Promise<Value>): (() => Promise<Value>) => {
  let made: Promise<Value> | undefined
  return () => (made ??= make())
}

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
    tx.select(organizationColumns).from(organization).where(eq(organization.id, id)),
  )
  return found ?? null
}
