import { sql } from 'drizzle-orm'
import { bigint, customType } from 'drizzle-orm/pg-core'

/** A civil date: no time, no zone. */
export const civilDate = customType<{ data: Temporal.PlainDate; driverData: string }>({
  dataType: () => 'date',
  fromDriver: (text) => Temporal.PlainDate.from(text),
  toDriver: (date) => date.toString(),
})

/** A moment as PostgreSQL keeps it. It would round a finer one up, and so to what was recorded after it. */
export const microseconds = (moment: Temporal.Instant): string =>
  moment.round({ smallestUnit: 'microsecond', roundingMode: 'floor' }).toString()

/** A moment in UTC. The driver hands timestamps over as PostgreSQL prints them. */
export const instant = customType<{ data: Temporal.Instant; driverData: string }>({
  dataType: () => 'timestamptz',
  fromDriver: (text) => Temporal.Instant.from(text),
  toDriver: microseconds,
})

/** An exact decimal as text, so that no digit is lost on the way. */
export const decimal = customType<{ data: string; driverData: string }>({ dataType: () => 'numeric' })

/** The transaction that wrote a row: with pg_snapshot it tells exactly what a reader has already seen. */
export const transactionId = customType<{ data: bigint; driverData: string }>({
  dataType: () => 'xid8',
  fromDriver: (text) => BigInt(text),
})

/** What was committed at one moment, as PostgreSQL's own pg_snapshot text. */
export const snapshot = customType<{ data: string; driverData: string }>({ dataType: () => 'pg_snapshot' })

/** Integer minor units of the row's currency. */
export const minor = (name: string) => bigint(name, { mode: 'bigint' })

export const now = sql`clock_timestamp()`
