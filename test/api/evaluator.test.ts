/** What may go wrong around the evaluator: goals that fail, clocks that jump, storms of words, and a killed process. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { GoalProgressRow } from '@tidemark/drizzle/rows.ts'
import { goalProgress } from '@tidemark/drizzle/tables/goal.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { createLocalEvents } from '@tidemark/server/events.ts'
import { createGoal } from '@tidemark/server/goal/commands.ts'
import { evaluate, isDue } from '@tidemark/server/live/evaluate.ts'
import { startEvaluator } from '@tidemark/server/live/evaluator.ts'
import { createMetrics } from '@tidemark/server/metrics.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import type { CreateGoalInput } from '@tidemark/server/schema.generated.ts'
import { asc } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBooks, type Books } from '../support/books.ts'
import { startProcess } from '../support/process.ts'

const date = (text: string) => Temporal.PlainDate.from(text)
const at = (text: string) => Temporal.Instant.from(text)

let books: Books
let now: Temporal.Instant
const logged: string[] = []
const running: (() => Promise<void>)[] = []
beforeEach(async () => {
  books = await openBooks('2026-06-30')
  now = at('2026-06-30T12:00:00Z')
  logged.length = 0
})
afterEach(async () => {
  for (const close of running.splice(0).toReversed()) await close()
  await books.close()
})

const organizationId = () => books.organization.id
const logError = (_error: unknown, message: string) => void logged.push(message)
const evaluateNow = async () => {
  const done = await evaluate(books.connection, books.organization, now, logError)
  return done.outcome === 'DONE' ? { ...done, appended: done.appended.length } : done
}
const bill = (number: number) => books.bill(`I-${number}`, '100', '2026-06-01', '2026-07-15')

const rows = (): Promise<GoalProgressRow[]> =>
  inTransaction(books.connection, { organizationId: organizationId(), mode: 'read' }, (tx) =>
    tx.select().from(goalProgress).orderBy(asc(goalProgress.sequence)),
  )
const write = (statement: string) =>
  inTransaction(books.connection, { organizationId: organizationId(), mode: 'write' }, (tx) =>
    tx.sql.unsafe(statement),
  )
const isDueNow = () =>
  inTransaction(books.connection, { organizationId: organizationId(), mode: 'read' }, (tx) =>
    isDue(tx, books.organization, now),
  )

async function setGoal(more: Partial<CreateGoalInput> = {}): Promise<string> {
  const outcome = await createGoal(books.context, {
    name: 'Close every invoice',
    metric: 'OPEN_INVOICE_COUNT',
    direction: 'DECREASE',
    baseline: '100',
    target: '0',
    startsOn: date('2026-06-01'),
    deadline: date('2026-12-31'),
    dryRun: false,
    ...more,
  })
  if (isProblem(outcome)) throw new Error(outcome.message)
  return outcome.goalId
}

/** The evaluator of one process, and what it counts. */
function start({
  connection = books.connection,
  pollMs = 20,
}: { connection?: Connection; pollMs?: number } = {}) {
  const events = createLocalEvents(logError)
  const metrics = createMetrics()
  const evaluator = startEvaluator({ connection, events, clock: () => now, logError, metrics }, { pollMs })
  running.push(() => evaluator.close())
  const counted = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics.text())?.[1])
  return { evaluator, events, counted }
}

const lastValue = async () => Number((await rows()).at(-1)?.value)

describe('a goal that cannot be computed', () => {
  it('is shown as failing, says why, stops no other, is told to the log once, and heals', async () => {
    const well = await setGoal()
    const ill = await setGoal({ metric: 'DSO', name: 'Of a broken convention', baseline: '60', target: '30' })
    await bill(1)
    await evaluateNow()
    await write(`update goal set conventions = '{"dsoMonths": 99}' where id = '${ill}'`)
    await bill(2)
    expect(await evaluateNow()).toMatchObject({ outcome: 'DONE', appended: 2, failing: 1 })
    await bill(3)
    expect(await evaluateNow()).toMatchObject({ outcome: 'DONE', appended: 1, failing: 1 })
    const failing = (await rows()).findLast(({ goalId }) => goalId === ill)
    expect(failing).toMatchObject({ status: 'NO_DATA', value: null })
    expect(failing?.statusReason).toMatch(/^DSO has no value: .*dsoMonths.*99/)
    expect((await rows()).findLast(({ goalId }) => goalId === well)).toMatchObject({ value: '3' })
    expect(logged).toEqual([`The goal ${ill} could not be computed`])
    await write(`update goal set conventions = '{"dsoMonths": 1}' where id = '${ill}'`)
    expect(await evaluateNow()).toMatchObject({ failing: 0 })
    expect((await rows()).at(-1)).toMatchObject({ goalId: ill, value: '30' })
  })

  it('nor can what is kept of it be read: it is shown as failing, and the others go on', async () => {
    const well = await setGoal()
    const ill = await setGoal({ name: 'Of a broken forecast' })
    await write(`insert into goal_forecast (organization_id, goal_id, as_of, deadline, fit)
      values ('${organizationId()}', '${ill}', '2026-06-30', '2026-12-31', '{"method": "TREND"}')`)
    await bill(1)
    expect(await evaluateNow()).toMatchObject({ failing: 1 })
    const progress = await rows()
    expect(progress.find(({ goalId }) => goalId === ill)?.status).toBe('NO_DATA')
    expect(progress.find(({ goalId }) => goalId === well)).toMatchObject({ value: '1', status: 'ON_TRACK' })
  })

  it('nor an alert rule: nothing happens to it, and goals go on', async () => {
    await setGoal()
    await write(`
      insert into alert_rule (organization_id, id, name, metric, currency, condition, for_days, for_evaluations,
        keep_firing_days, no_data, severity, enabled)
      values ('${organizationId()}', gen_random_uuid(), 'Of a newer version', 'NOT_INVENTED_YET', 'USD',
        '{"kind": "NO_SUCH"}', 0, 1, 0, 'KEEP_LAST', 'WARNING', true)`)
    await bill(1)
    expect(await evaluateNow()).toMatchObject({ appended: 1, failing: 1, alerted: false })
    expect(logged).toHaveLength(1)
  })
})

describe('a clock that jumps', () => {
  it('an hour ahead over midnight and back: one row for the day that began, and none is lost', async () => {
    await setGoal()
    await bill(1)
    now = at('2026-06-30T23:30:00Z')
    const { evaluator } = start()
    await evaluator.poll()
    now = at('2026-07-01T00:30:00Z')
    await evaluator.poll()
    now = at('2026-06-30T23:30:00Z')
    await evaluator.poll()
    await bill(2)
    await evaluator.poll()
    now = at('2026-07-01T00:00:01Z')
    await evaluator.poll()
    now = at('2026-07-02T00:00:01Z')
    await evaluator.poll()
    const told = (await rows()).map(({ asOf, value }) => [asOf.toString(), value])
    expect(told).toEqual([
      ['2026-06-30', '1'],
      ['2026-07-01', '1'],
      ['2026-07-01', '2'],
      ['2026-07-02', '2'],
    ])
  })

  it('a year ahead: once it is right again, no midnight waits for a year', async () => {
    await setGoal()
    await bill(1)
    now = at('2027-06-30T12:00:00Z')
    await evaluateNow()
    now = at('2026-06-30T12:00:00Z')
    expect(await isDueNow()).toBe(true)
    await evaluateNow()
    expect(await isDueNow()).toBe(false)
    now = at('2026-07-01T00:00:00Z')
    expect(await isDueNow()).toBe(true)
  })
})

describe('a storm of words', () => {
  it('becomes a few evaluations, the last of which has everything; its lag is counted', async () => {
    await setGoal()
    const { events, evaluator, counted } = start({ pollMs: 60_000 })
    await evaluator.poll()
    const before = counted('tidemark_evaluations_total')
    for (let number = 1; number <= 10; number++) {
      await bill(number)
      for (let word = 0; word < 1_000; word++) events.publish('posted', { organizationId: organizationId() })
    }
    await expect.poll(lastValue).toBe(10)
    await evaluator.poll()
    // At most one under way and one after it for each posting.
    expect(counted('tidemark_evaluations_total') - before).toBeLessThanOrEqual(20)
    expect(counted('tidemark_evaluation_lag_seconds_count')).toBeGreaterThanOrEqual(1)
    expect(counted('tidemark_evaluation_lag_seconds_sum')).toBeGreaterThan(0)
    expect(counted('tidemark_failing')).toBe(0)
  })
})

describe('a look at many organizations', () => {
  it('is one transaction where nothing happened, and finds the one where something did', async () => {
    await setGoal()
    await inTransaction(books.connection, { organizationId: null, mode: 'write' }, (tx) =>
      tx.sql.unsafe(`insert into organization (id, slug, name, base_currency, time_zone)
        select gen_random_uuid(), 'o-' || n, 'O', 'USD', 'UTC' from generate_series(1, 60) n`),
    )
    let begun = 0
    const sql = new Proxy(books.connection.sql, {
      get: (target, name, receiver) => {
        if (name === 'begin') begun += 1
        return Reflect.get(target, name, receiver) as unknown
      },
    })
    const { evaluator } = start({ connection: { ...books.connection, sql }, pollMs: 60_000 })
    await evaluator.poll()
    begun = 0
    await evaluator.poll()
    expect(begun).toBe(1)
    await bill(1)
    await evaluator.poll()
    expect(await lastValue()).toBe(1)
    expect(begun).toBeLessThan(30)
  })
})

describe('the process that evaluates', () => {
  it('is killed at it, and another goes on within seconds', { timeout: 60_000 }, async () => {
    await setGoal()
    const { host, port, user, pass, database } = books.connection.sql.options
    const url = `postgres://${user}:${String(pass)}@${host[0]}:${port[0]}/${database}`
    const environment = { DATABASE_URL: url, PORT: '0', TIDEMARK_DEMO: '0' }
    const other = startProcess('server/main.ts', ['--no-dashboard'], environment)
    await other.line(/^ready /)
    await expect.poll(async () => (await rows()).length, { timeout: 10_000 }).toBeGreaterThan(0)
    // It waits where it reads balances, with the lock of the organization in its hands.
    const hold = await holdBalances(books.connection)
    await bill(1)
    await expect.poll(() => hold.waiting(), { timeout: 10_000 }).toBeGreaterThan(0)
    const { events, counted } = start({ pollMs: 60_000 })
    events.publish('posted', { organizationId: organizationId() })
    await sleep(200)
    expect(counted('tidemark_evaluations_total')).toBe(0)
    const began = performance.now()
    other.child.kill('SIGKILL')
    await hold.letGo()
    await expect.poll(lastValue, { timeout: 10_000, interval: 20 }).toBe(1)
    expect(performance.now() - began).toBeLessThan(5_000)
    expect(counted('tidemark_evaluations_total')).toBeGreaterThan(0)
    const sequences = (await rows()).map(({ sequence }) => Number(sequence))
    expect(sequences).toEqual(sequences.map((_, index) => index + 1))
  })
})

/** Whoever adds up balances waits until it lets go. */
async function holdBalances({ sql }: Connection) {
  await sql.unsafe(`
    create function hold() returns boolean language plpgsql as $$ begin
      if current_query() like '%width_bucket%' then perform pg_advisory_xact_lock_shared(4711); end if;
      return true;
    end $$;
    create policy held on flow as restrictive for select using (measure <> 'OPEN_BY_DUE' or hold())`)
  const locked = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const holding = sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(4711)`
    locked.resolve()
    await released.promise
  })
  await locked.promise
  return {
    async waiting(): Promise<number> {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::int as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and wait_event = 'advisory'`
      return row?.count ?? 0
    },
    async letGo(): Promise<void> {
      released.resolve()
      await holding
    },
  }
}
