/**
 * Two tenants in turn on the connections of one pool, among errors, cancellations, pauses and killed backends: whether
 * any of them ever sees a row of the other, or anything is left on a connection.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { organization, person } from '@tidemark/drizzle/tables/organization.ts'
import { inSavepoint, inTransaction, openReader, type Tx } from '@tidemark/drizzle/transaction.ts'

export type Turns = {
  readonly count: number
  readonly atOnce: number
  /** Kills one of the pool's backends every so many milliseconds; null: never. */
  readonly killEveryMs: number | null
}

export type Outcome = {
  /** What somebody saw that was not theirs, and settings that outlived their transaction. */
  readonly leaks: readonly string[]
  readonly done: number
  readonly failed: number
  readonly killed: number
}

const TENANTS = ['0193d1c0-0000-7000-8000-00000000000a', '0193d1c0-0000-7000-8000-00000000000b'] as const

/** `pool` is tried; `outside`, a superuser past any pooler, prepares and kills. The sessions are known by their name. */
export const takeTurns = async (
  pool: Connection,
  outside: Connection,
  applicationName: string,
  { count, atOnce, killEveryMs }: Turns,
): Promise<Outcome> => {
  await makeTenants(outside)
  const leaks: string[] = []
  let next = 0
  let failed = 0
  let killed = 0
  const state = { working: true }

  const worker = async () => {
    for (let turn = next++; turn < count; turn = next++) {
      const tenant = TENANTS[turn % 3 === 0 ? 0 : 1]
      try {
        await take(pool, turn, tenant, (leak) => leaks.push(`${turn}: ${leak}`))
      } catch {
        // Provoked, or the kill of its backend.
        failed += 1
      }
    }
  }
  const killer = async () => {
    if (killEveryMs === null) return
    while (state.working) {
      await sleep(killEveryMs)
      const rows = await outside.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = ${applicationName} and datname = current_database() order by random() limit 1`
      killed += rows.length
    }
  }
  const killing = killer()
  await Promise.all(Array.from({ length: atOnce }, worker))
  state.working = false
  await killing
  // Until then some have not heard of their end.
  await sleep(100)
  await Promise.allSettled(Array.from({ length: atOnce }, () => pool.sql`select 1`))
  const remains = Array.from({ length: atOnce }, async () => {
    const [row] = await pool.sql<{ role: string; tenant: string | null; limit: string }[]>`
      select current_user as role, current_setting('tidemark.organization_id', true) as tenant,
        current_setting('statement_timeout') as limit, pg_sleep(0.05)`
    if (row?.tenant !== '' && row?.tenant !== null) leaks.push(`left behind: ${JSON.stringify(row)}`)
    if (row?.role === 'tidemark_app' || row?.limit !== '0') leaks.push(`left behind: ${JSON.stringify(row)}`)
  })
  await Promise.all(remains)
  return { leaks, done: count - failed, failed, killed }
}

const makeTenants = async (outside: Connection): Promise<void> => {
  for (const [index, id] of TENANTS.entries()) {
    await inTransaction(outside, { organizationId: id, mode: 'write' }, async (tx) => {
      await tx
        .insert(organization)
        .values({ id, slug: `tenant-${index}`, name: id, baseCurrency: 'USD', timeZone: 'UTC' })
      await tx.insert(person).values({ organizationId: id, id: crypto.randomUUID(), name: id })
    })
  }
}

/** One transaction in one of many ways. */
const take = async (
  pool: Connection,
  turn: number,
  tenant: string,
  leak: (what: string) => void,
): Promise<void> => {
  const look = async ({ sql }: Tx) => {
    const rows = await sql<{ name: string; tenant: string }[]>`
      select name, current_setting('tidemark.organization_id') as tenant from person`
    const own = rows.length === 1 && rows[0]?.name === tenant && rows[0].tenant === tenant
    if (!own) leak(`${tenant} saw ${JSON.stringify(rows)}`)
  }
  const write = (run: (tx: Tx) => Promise<unknown>, timeoutMs = 5_000) =>
    inTransaction(pool, { organizationId: tenant, mode: 'write', timeoutMs }, run)

  switch (turn % 10) {
    case 0:
      await write(async (tx) => {
        await look(tx)
        await tx.sql`select 1 / 0`
      })
      break
    case 1:
      await write(async (tx) => {
        await inSavepoint(tx, (inner) => inner.sql`select broken`).catch(() => {})
        await look(tx)
      })
      break
    case 2: {
      const reader = openReader(pool, tenant)
      const reading = reader.read(look)
      reading.catch(() => {})
      await reader.cancel()
      await reading
      break
    }
    case 3: {
      const reader = openReader(pool, tenant)
      await Promise.all([reader.read(look), reader.read(look), reader.read(look)])
      await reader.close()
      break
    }
    case 4:
      // Its time is over while it pauses.
      await write(async (tx) => {
        await look(tx)
        await sleep(15)
        await look(tx)
      }, 5)
      break
    case 5:
      await write(async (tx) => {
        await look(tx)
        throw new Error('undone')
      })
      break
    case 6:
      // Nobody waits for the second.
      await write(async (tx) => {
        await look(tx)
        void look(tx).catch(() => {})
      })
      break
    default:
      await write(async (tx) => {
        await Promise.all([look(tx), look(tx)])
        await look(tx)
      })
  }
}
