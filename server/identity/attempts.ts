/**
 * Limits on guessing, kept in PostgreSQL, so that they hold for all processes together. A try is counted before it is
 * known whether it fails, so that a hundred at the same moment get no more than one after the other; `forgive` takes
 * it back. Keys are hashed: what was typed where an e-mail belongs may be a password.
 */
import { createHash, randomUUID } from 'node:crypto'
import type { Connection, TransactionSql } from '@tidemark/drizzle/connect.ts'
import { asIdentity } from '@tidemark/drizzle/transaction.ts'
import type postgres from 'postgres'

type Limit = {
  /** This many failures ... */
  readonly failures: number
  /** ... within this time ... */
  readonly windowSeconds: number
  /** ... lock it for this long, and for twice as long as the last time within a day of that. */
  readonly lockSeconds: number
  /** Whether a success forgets the failures, takes back its own count alone, or counts all the same. */
  readonly success: 'forgets' | 'takes back' | 'counts'
}

const MINUTE = 60
const LOCK_SECONDS_MAX = 4 * 60 * MINUTE

/** In the order in which they are counted: what one has locked counts in none that follows. */
const LIMITS = {
  /** One network address, for everything that can be guessed. */
  address: { failures: 30, windowSeconds: 5 * MINUTE, lockSeconds: 5 * MINUTE, success: 'takes back' },
  /** Its invitations and links to a new password. */
  link: { failures: 10, windowSeconds: 5 * MINUTE, lockSeconds: 5 * MINUTE, success: 'takes back' },
  /** Passwords for one e-mail, whether or not anybody has it. */
  email: { failures: 10, windowSeconds: 15 * MINUTE, lockSeconds: 15 * MINUTE, success: 'forgets' },
  /** The password of somebody who is signed in. */
  user: { failures: 10, windowSeconds: 15 * MINUTE, lockSeconds: 15 * MINUTE, success: 'forgets' },
  /** Codes of one user's second factor. */
  secondFactor: { failures: 5, windowSeconds: 15 * MINUTE, lockSeconds: 15 * MINUTE, success: 'forgets' },
  /** One user's one code: whoever saw it over the shoulder comes too late. */
  code: { failures: 1, windowSeconds: 3 * MINUTE, lockSeconds: 3 * MINUTE, success: 'counts' },
} as const satisfies Readonly<Record<string, Limit>>

type Name = keyof typeof LIMITS
const NAMES = Object.keys(LIMITS) as Name[]

/** What is tried, such as `{ email: 'ann@example.com', address: '192.0.2.1' }`. */
export type Tried = { readonly [N in Name]?: string | null }

export type Attempt = {
  readonly id: string
  readonly tried: Tried
  /** What did not let it through, and for how long; then nothing may be checked. */
  readonly refused: { readonly by: Name; readonly retryAfterSeconds: number } | null
  /** What is locked from now on, unless this try is forgiven. */
  readonly locked: readonly Name[]
}

/** Counts a try against all that it names, in one statement. */
export const beginAttempt = async (connection: Connection, tried: Tried): Promise<Attempt> => {
  const id = randomUUID()
  const names = NAMES.filter((name) => tried[name] != null)
  const rows = await asIdentity(connection, ({ sql }) => {
    const counts = names.map((name, index) => count(sql, id, tried, name, names[index - 1]))
    const answers = names.map(
      (name) => sql`
        select ${name} as name, counted.locked_until is not null as locked, counted.last_id is not null as admitted,
          extract(epoch from before.locked_until - now())::float8 as wait
        from (select) as always
        left join ${sql(`counted_${name}`)} as counted on true
        left join identity.attempt as before on before.key = ${keyOf(tried, name)}`,
    )
    return sql<{ name: Name; locked: boolean; admitted: boolean; wait: number | null }[]>`
      with ${joined(sql, counts, sql`, `)} ${joined(sql, answers, sql` union all `)}`
  })
  const refusing = rows.find(({ admitted }) => !admitted)
  const locked = rows.filter((row) => row.locked).map(({ name }) => name)
  if (refusing === undefined) return { id, tried, refused: null, locked }
  const { name, wait } = refusing
  // Locked at this very moment by another, the row as it was before tells nothing.
  const seconds = wait !== null && wait > 0 ? wait : LIMITS[name].lockSeconds
  return { id, tried, refused: { by: name, retryAfterSeconds: Math.ceil(seconds) }, locked }
}

/** The try succeeded. */
export const forgive = (connection: Connection, { id, tried }: Attempt): Promise<void> => {
  const keysOf = (success: Limit['success']) =>
    NAMES.filter((name) => tried[name] != null && LIMITS[name].success === success).map((name) =>
      keyOf(tried, name),
    )
  return asIdentity(connection, async ({ sql }) => {
    await Promise.all([
      sql`
        update identity.attempt set failures = greatest(failures - 1, 0),
          locks = case when last_id = ${id} and locked_until > now() then locks - 1 else locks end,
          locked_until = case when last_id = ${id} then null else locked_until end
        where key = any(${keysOf('takes back')})`,
      sql`delete from identity.attempt where key = any(${keysOf('forgets')})`,
    ])
  })
}

/** Counts within `counted_<name>`, which has no row where the key is locked, or where `before` has none. */
const count = (sql: TransactionSql, id: string, tried: Tried, name: Name, before: Name | undefined) => {
  const { failures, windowSeconds, lockSeconds } = LIMITS[name]
  const window = sql`make_interval(secs => ${windowSeconds})`
  const lockOf = (locks: postgres.Fragment) =>
    sql`now() + make_interval(secs => least(${lockSeconds} * power(2, ${locks}), ${LOCK_SECONDS_MAX}))`
  return sql`
    ${sql(`counted_${name}`)} as (
      insert into identity.attempt as a (key, failures, since, last_id, locked_until, locks)
      select ${keyOf(tried, name)}, 1, now(), ${id}::uuid,
        case when ${failures} = 1 then ${lockOf(sql`0`)} end, ${failures === 1 ? 1 : 0}
      ${before === undefined ? sql`` : sql`from ${sql(`counted_${before}`)}`}
      on conflict (key) do update set (failures, since, last_id, locked_until, locks) = (
        select new.failures, new.since, excluded.last_id,
          case when new.failures >= ${failures} then ${lockOf(sql`new.locks`)} end,
          new.locks + (new.failures >= ${failures})::int
        from (
          select
            1 + case when a.since > now() - ${window} and a.locked_until is null then a.failures else 0 end as failures,
            case when a.since > now() - ${window} and a.locked_until is null then a.since else now() end as since,
            case when a.since > now() - interval '1 day' then a.locks else 0 end as locks
        ) as new)
      where a.locked_until is null or a.locked_until <= now()
      returning last_id, locked_until)`
}

const joined = (sql: TransactionSql, parts: readonly postgres.Fragment[], separator: postgres.Fragment) =>
  parts.reduce((all, part) => sql`${all}${separator}${part}`)

const keyOf = (tried: Tried, name: Name): string =>
  createHash('sha256').update(`${name}:${tried[name]}`).digest('hex')
