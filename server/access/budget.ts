/**
 * Cost points that an actor may spend. A bucket per actor lies in PostgreSQL, so that it is one for all processes: it
 * holds what an actor may spend in a minute and is refilled as time passes. Each process takes portions out of it and
 * spends them in memory, so that an operation waits for no round trip; what is left of a portion goes back when the
 * actor is idle. Nothing is ever spent that was not taken out of the bucket before, but for what an answer turns out to
 * cost beyond its price (`add`), which the next portion pays first.
 */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import type { Session } from '../context.ts'
import type { LogError } from '../events.ts'
import { LIMITS } from '../limits.ts'
import { actorName } from './actor.ts'

/** Points; as the answer of an operation tells them in `extensions.cost`. */
export type CostReport = {
  /** Of this operation: its price, or what its answer turned out to have where that is more. */
  readonly requested: number
  /** The most that one operation may cost. */
  readonly limit: number
  /** What is left now, as far as this process knows. */
  readonly available: number
  /** What may be spent in a minute. */
  readonly maximum: number
  readonly restorePerSecond: number
}

/** What one operation spends. */
export type Spending = {
  /**
   * Null, and the points are spent; or in how many seconds they can be, and nothing is spent: null for never, where
   * they are more than the actor has in a minute.
   */
  spend(
    points: number,
    options?: { readonly isBound: boolean },
  ): Promise<null | { readonly retryAfterSeconds: number | null }>
  /** Spends what was found beyond the price, which is looked for only where the price is not the most there can be. */
  settle(count: () => number): void
  /** Spends as much again, so many times: for what an operation announces when it begins. */
  again(times: number): void
  report(): CostReport
}

export type Budgets = {
  /** For one operation of whoever asks. */
  open(session: Session): Spending
  /** Gives back what is left of all portions. */
  close(): Promise<void>
}

/** Of what an actor may spend in a minute: three seconds' worth. */
const PORTION = 1 / 20
/** A portion of whom nothing was heard for so long goes back. */
const IDLE_MS = 5_000
/** What is known to be lacking is asked for again only after this: a refusal should cost no round trip either. */
const SHORT_MS = 250

/** What this process knows of one actor's bucket. */
type Account = {
  readonly organizationId: string
  readonly actor: string
  maximum: number
  /** Of the portions taken; below 0 where more was spent than was known beforehand. */
  left: number
  /** What the bucket held when it was last looked at, and when that was. */
  level: number
  lookedAt: number
  /** The bucket had less than was asked for. */
  isShort: boolean
  /** Points of operations that wait for a portion. */
  waiting: number
  taking: Promise<void> | null
  usedAt: number
}

export const createBudgets = (
  connection: Connection,
  logError: LogError,
  now: () => number = () => performance.now(),
): Budgets => {
  const accounts = new Map<string, Account>()

  const accountOf = ({ actor, organization }: Session): Account => {
    const name = actorName(actor)
    const key = `${organization.id} ${name}`
    const maximum = actor.pointsPerMinute ?? LIMITS.pointsPerMinute
    let account = accounts.get(key)
    if (account === undefined) {
      accounts.set(key, (account = newAccount(organization.id, name, maximum)))
    }
    account.maximum = maximum
    account.usedAt = now()
    return account
  }

  const take = async (account: Account): Promise<void> => {
    const needed = account.waiting - account.left
    const wanted = needed + account.maximum * PORTION
    const taken = await takeFrom(connection, account, needed, wanted)
    account.left += taken.points
    account.level = taken.level
    account.lookedAt = now()
    account.isShort = taken.points < needed
  }

  const takeOnce = (account: Account): Promise<void> =>
    (account.taking ??= take(account).finally(() => {
      account.taking = null
    }))

  const available = ({ maximum, left, level, lookedAt }: Account): number =>
    Math.min(left + level + ((now() - lookedAt) / 60_000) * maximum, maximum)

  /** Whether it is known, without looking, that the bucket lacks the points. */
  const lacks = (account: Account, points: number): boolean =>
    account.isShort && now() - account.lookedAt < SHORT_MS && available(account) < points

  const spend = async (account: Account, points: number): Promise<boolean> => {
    account.waiting += points
    try {
      while (account.left < points) {
        if (lacks(account, points)) return false
        await takeOnce(account)
      }
      account.left -= points
    } finally {
      account.waiting -= points
    }
    // Before it is used up, so that nobody waits.
    const portion = account.maximum * PORTION
    const isPlenty = account.level > portion || now() - account.lookedAt > SHORT_MS
    if (account.left < portion / 2 && isPlenty) {
      takeOnce(account).catch((error: unknown) => logError(error, 'No cost points could be taken'))
    }
    return true
  }

  const giveBackIdle = async (idleMs: number): Promise<void> => {
    for (const [key, account] of accounts) {
      if (now() - account.usedAt < idleMs || account.waiting > 0 || account.taking !== null) continue
      accounts.delete(key)
      if (account.left !== 0) await giveBack(connection, account)
    }
  }

  const sweeping = setInterval(() => {
    giveBackIdle(IDLE_MS).catch((error: unknown) => logError(error, 'Cost points could not be given back'))
  }, IDLE_MS)
  sweeping.unref()

  return {
    open: (session) => createSpending(() => accountOf(session), { spend, available }),
    async close() {
      clearInterval(sweeping)
      await Promise.allSettled([...accounts.values()].flatMap(({ taking }) => taking ?? []))
      await giveBackIdle(0).catch((error: unknown) => logError(error, 'Cost points could not be given back'))
    },
  }
}

/** Looks for the account each time: it may have been given back since. */
const createSpending = (
  accountOf: () => Account,
  {
    spend,
    available,
  }: {
    readonly spend: (account: Account, points: number) => Promise<boolean>
    readonly available: (account: Account) => number
  },
): Spending => {
  let requested = 0
  let isBound = true
  const add = (points: number) => {
    requested += points
    accountOf().left -= points
  }
  return {
    async spend(points, options) {
      isBound &&= options?.isBound ?? true
      requested += points
      const account = accountOf()
      const { maximum } = account
      if (points > maximum) return { retryAfterSeconds: null }
      if (await spend(account, points)) return null
      const lacking = points - available(account)
      return { retryAfterSeconds: Math.max(Math.ceil((lacking * 60) / maximum), 1) }
    },
    settle(count) {
      const beyond = isBound ? 0 : count() - requested
      if (beyond > 0) add(beyond)
    },
    again: (times) => add(requested * times),
    report() {
      const account = accountOf()
      const { maximum } = account
      return {
        requested,
        limit: LIMITS.cost,
        available: Math.max(Math.floor(available(account)), 0),
        maximum,
        restorePerSecond: Math.round((maximum / 60) * 100) / 100,
      }
    },
  }
}

const newAccount = (organizationId: string, actor: string, maximum: number): Account => ({
  organizationId,
  actor,
  maximum,
  left: 0,
  // Until it was looked at, the bucket counts as full.
  level: maximum,
  lookedAt: 0,
  isShort: false,
  waiting: 0,
  taking: null,
  usedAt: 0,
})

type Taken = { readonly points: number; readonly level: number }

/**
 * Takes `wanted` points out of the bucket, or fewer: of what it holds it leaves half to other processes, as far as
 * `needed` lets it. One statement in a transaction of its own; that a commit may be forgotten in a crash of the
 * database costs the operator a portion, and nobody waits for the disk.
 */
const takeFrom = (
  connection: Connection,
  { organizationId, actor, maximum }: Account,
  needed: number,
  wanted: number,
): Promise<Taken> =>
  inTransaction(connection, { organizationId, mode: 'write' }, async ({ sql }) => {
    sql`select set_config('synchronous_commit', 'off', true)`.catch(() => {})
    const update = () => sql<Taken[]>`
      update budget set level = taken.level - taken.points, refilled_at = taken.at
      from (
        select level, at,
          greatest(least(level, greatest(${needed}::float8, least(${wanted}::float8, level / 2))), 0) as points
        from (
          select at, least(
            ${maximum}::float8,
            level + greatest(extract(epoch from at - refilled_at), 0)::float8 * ${maximum}::float8 / 60
          ) as level
          from (
            select level, refilled_at, greatest(clock_timestamp(), refilled_at) as at from budget
            where organization_id = ${organizationId} and actor = ${actor} for update
          ) as held
        ) as refilled
      ) as taken
      where budget.organization_id = ${organizationId} and budget.actor = ${actor}
      returning taken.points, budget.level`
    const [taken] = await update()
    if (taken !== undefined) return taken
    await sql`
      insert into budget (organization_id, actor, level, refilled_at)
      values (${organizationId}, ${actor}, ${maximum}, clock_timestamp()) on conflict do nothing`
    const [first] = await update()
    if (first === undefined) throw new Error('A bucket that was made is not there')
    return first
  })

/** More than fits flows over when the bucket is refilled next. */
const giveBack = (connection: Connection, { organizationId, actor, left }: Account): Promise<void> =>
  inTransaction(connection, { organizationId, mode: 'write' }, async ({ sql }) => {
    sql`select set_config('synchronous_commit', 'off', true)`.catch(() => {})
    await sql`
      update budget set level = level + ${left}::float8
      where organization_id = ${organizationId} and actor = ${actor}`
  })
