/** One scene: viewers follow, payments come at a pace, and then it is told how late who heard of them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { execute } from '../../support/graphql.ts'
import { quantile, reading } from '../posting-books.ts'
import { type ServerProcess, type Stage, startPayers, startViewers, today } from './stage.ts'

export type Scene = {
  readonly servers: readonly ServerProcess[]
  /** Of these goals, the first of which counts payments; null for all, as the dashboard has it. */
  readonly goalIds: readonly string[] | null
  readonly counting: string
  readonly viewers: number
  /** How many payments one request brings. */
  readonly atOnce: number
  readonly perSecond: number
  readonly seconds: number
}

export type Played = {
  readonly paid: { readonly acknowledged: number; readonly refused: number; readonly perSecond: number }
  readonly answers: { readonly p50: number; readonly p99: number }
  /** From the commit of a payment to the frame that tells it, in ms: at a viewer that has a process of its own, and at all. */
  readonly atOne: Lags | null
  readonly atAll: Lags | null
  /** From the commit of a payment to the commit of the progress that tells it, in ms. */
  readonly evaluator: { readonly p50: number; readonly p99: number }
  /** A `select 1` in the same time, in ms: what the machine made of a round trip. */
  readonly roundTrip: { readonly p50: number; readonly p99: number }
  /** Rows of progress that were stored, and frames that a viewer got at least and at most. */
  readonly rows: number
  readonly frames: { readonly least: number; readonly most: number }
  readonly faults: readonly string[]
}

type Lags = { readonly p50: number; readonly p99: number; readonly max: number }

/** As the dashboard asks. */
const FOLLOW = `subscription DashboardGoalProgress($goalIds: [ID!], $since: String) {
  goalProgress(goalIds: $goalIds, since: $since) {
    cursor
    kind
    goal {
      id name direction scope currency baseline target deadline daysLeft state
      owner { id name }
      metric { metric name unit }
      progress {
        sequence asOf value valueReason expected percentToTarget status statusReason recordedAt
      }
    }
  }
}`
const VIEWERS_PER_TOKEN = 500
const SETTLED_AFTER_MS = 2_000
const WARM_UP = { perSecond: 30, seconds: 15 }

export async function play(stage: Stage, scene: Scene): Promise<Played> {
  const urls = scene.servers.map(({ url }) => url)
  const tokens = await Promise.all(
    Array.from({ length: Math.ceil(scene.viewers / VIEWERS_PER_TOKEN) }, () => stage.token()),
  )
  const order = {
    urls,
    tokens,
    query: FOLLOW,
    variables: scene.goalIds === null ? {} : { goalIds: scene.goalIds },
  }
  const [one, others] = [startViewers(), startViewers()]
  const payers = startPayers()
  try {
    await one.open({ ...order, sockets: 1 })
    await others.open({ ...order, sockets: scene.viewers - 1 })
    const paying = {
      urls,
      token: await stage.token(),
      debts: stage.debts,
      receivedOn: today.toString(),
      atOnce: scene.atOnce,
      perSecond: scene.perSecond,
    }
    // A server that began a moment ago has compiled little, and PostgreSQL has planned little in these sessions.
    await payers.ask({ ...paying, ...WARM_UP })
    await sleep(SETTLED_AFTER_MS)
    await Promise.all([one.forget(), others.forget()])
    const before = await readProgress(stage, scene)
    const beginning = await readSequence(stage)

    const trips = timeRoundTrips(stage)
    const paid = await payers.ask({ ...paying, seconds: scene.seconds })
    const roundTrips = await trips.stop()
    await sleep(SETTLED_AFTER_MS)

    const progress = (await readProgress(stage, scene)).slice(before.length)
    const commits = await readCommits(stage, paid.acknowledged)
    const told = assignCommits(progress, commits, before.at(-1)?.cents ?? 0)
    const [atOne, atAll] = await Promise.all([one.report(told), others.report(told)])
    const evaluated = progress.flatMap(({ sequence, at }) =>
      (told.find(([known]) => known === sequence)?.[1] ?? []).map((committed) => at - committed),
    )
    const rows = await countRows(stage, scene, beginning)
    const last = progress.at(-1)?.value ?? before.at(-1)?.value ?? ''
    return {
      paid: { ...paid, perSecond: paid.acknowledged / paid.seconds.taken },
      answers: paid.answers,
      atOne: atOne.lags,
      atAll: atAll.lags,
      evaluator: { p50: quantile(evaluated, 0.5), p99: quantile(evaluated, 0.99) },
      roundTrip: { p50: quantile(roundTrips, 0.5), p99: quantile(roundTrips, 0.99) },
      rows,
      frames: {
        least: Math.min(atOne.frames.least, atAll.frames.least),
        most: Math.max(atOne.frames.most, atAll.frames.most),
      },
      faults: [
        ...[atOne, atAll].flatMap((report) => faultsOf(report, scene, last)),
        ...(await findWrong(stage, scene, last)),
        ...(told.reduce((sum, [, all]) => sum + all.length, 0) === paid.acknowledged
          ? []
          : ['payments are missing in the progress']),
      ],
    }
  } finally {
    one.stop()
    others.stop()
    payers.stop()
  }
}

type Report = Awaited<ReturnType<ReturnType<typeof startViewers>['report']>>

const faultsOf = (
  { repeats, closed, errors, last }: Report,
  { counting }: Scene,
  right: string,
): string[] => [
  ...(repeats === 0 ? [] : [`${repeats} frames out of order or twice`]),
  ...(closed === 0 ? [] : [`${closed} sockets closed`]),
  ...(errors === 0 ? [] : [`${errors} errors`]),
  ...((last[counting] ?? [right]).every((value) => value === right)
    ? []
    : [`viewers saw ${(last[counting] ?? []).join(', ')} last, and not ${right}`]),
]

/** What the viewers were told last is what a query answers. */
async function findWrong(stage: Stage, { servers }: Scene, last: string): Promise<string[]> {
  const { kpis } = await execute<{ kpis: { value: string }[] }>(
    servers[0]?.url ?? '',
    await stage.token(),
    '{ kpis(metrics: [TOTAL_RECEIVABLES], filter: { currency: ["USD"] }) { value: valueExact } }',
  )
  const now = kpis[0]?.value ?? ''
  return Number(now) === Number(last) ? [] : [`TOTAL_RECEIVABLES is ${now}, and not ${last}`]
}

type Progress = {
  readonly sequence: number
  readonly value: string
  readonly cents: number
  /** When it was committed, in ms since 1970. */
  readonly at: number
}

const uuidOf = (id: string): string => id.replace(/^goal_/, '')

/** Of the goal that counts payments, in order. */
const readProgress = (stage: Stage, { counting }: Scene): Promise<Progress[]> =>
  reading(stage.connection, stage.organization, async ({ sql }) => {
    const rows = await sql<{ sequence: string; value: string; at: string }[]>`
      select sequence::text, value::text, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::text as at
      from goal_progress
      where organization_id = ${stage.organization.id} and goal_id = ${uuidOf(counting)} and value is not null
      order by goal_progress.sequence`
    return rows.map(({ sequence, value, at }) => ({
      sequence: Number(sequence),
      value,
      cents: Math.round(Number(value) * 100),
      at: Number(at),
    }))
  })

/** When the last so many receipts were committed, in ms since 1970, in order. */
const readCommits = (stage: Stage, count: number): Promise<number[]> =>
  inTransaction(
    stage.connection,
    { organizationId: stage.organization.id, mode: 'read' },
    async ({ sql }) => {
      const rows = await sql<{ at: string }[]>`
      select (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::text as at
      from receipt where organization_id = ${stage.organization.id}
      order by pg_xact_commit_timestamp(xmin) desc limit ${count}`
      return rows.map(({ at }) => Number(at)).toReversed()
    },
  )

/** Each payment takes a cent off: a value tells how many came before it, and those of the value before were told by that. */
const assignCommits = (
  progress: readonly Progress[],
  commits: readonly number[],
  centsBefore: number,
): [number, number[]][] => {
  let told = 0
  return progress.map(({ sequence, cents }) => {
    const known = centsBefore - cents
    const first = commits.slice(told, known)
    told = Math.max(told, known)
    return [sequence, first]
  })
}

/** The last number of the organization's sequence. */
const readSequence = (stage: Stage): Promise<number> =>
  reading(stage.connection, stage.organization, async ({ sql }) => {
    const [row] = await sql<{ last: number }[]>`
      select coalesce(max(sequence), 0)::int as last from goal_progress
      where organization_id = ${stage.organization.id}`
    return row?.last ?? 0
  })

/** That a viewer of the scene was to be told. */
const countRows = (stage: Stage, { goalIds }: Scene, after: number): Promise<number> =>
  reading(stage.connection, stage.organization, async ({ sql }) => {
    const ids = goalIds?.map(uuidOf) ?? null
    const [row] = await sql<{ count: number }[]>`
      select count(*)::int as count from goal_progress
      where organization_id = ${stage.organization.id} and sequence > ${after}
        and (${ids}::uuid[] is null or goal_id = any(${ids}::uuid[]))`
    return row?.count ?? 0
  })

const ROUND_TRIP_EVERY_MS = 50

const timeRoundTrips = ({ connection }: Stage) => {
  const done = new AbortController()
  const times: number[] = []
  const running = (async () => {
    while (!done.signal.aborted) {
      const started = performance.now()
      await connection.sql`select 1`
      times.push(performance.now() - started)
      await sleep(ROUND_TRIP_EVERY_MS)
    }
  })()
  return {
    async stop() {
      done.abort()
      await running
      return times
    },
  }
}
