/** What populations are made of. */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'
import { endOfDay } from '../domain/calendar.ts'
import { dayOf, parseDay, type Day } from '../domain/day.ts'
import type { Identity } from '../domain/authority.ts'
import { formatMinor, type Money } from '../domain/money.ts'

/** Plain data: it is kept with a working paper. */
export type ControlItem = {
  readonly key: string
  /** YYYY-MM-DD. */
  readonly on: string
  readonly what: string
  readonly customerId: string | null
  /** Minor units as text. */
  readonly amount: string | null
  readonly currency: string | null
  /** As audit rows name who acts. */
  readonly actor: string | null
  readonly reason: string | null
  readonly auditId: string | null
  readonly finding: string | null
}

export type ControlPeriod = { readonly from: Temporal.PlainDate; readonly to: Temporal.PlainDate }

/** Beyond that the period is too long to be tested at once. */
export const POPULATION_MAX = 100_000

export type Asked = { readonly tx: Tx; readonly organization: OrganizationRow } & ControlPeriod

/** `recorded_at` of the named table lies in the period, where the organization is. */
export const within = ({ tx, organization: { timeZone }, from, to }: Asked, column: Fragment): Fragment => {
  const [after, until] = [dayOf(from) - 1, dayOf(to)].map((day) => microseconds(endOfDay(day, timeZone)))
  return tx.sql`${column} > ${after ?? ''}::timestamptz and ${column} <= ${until ?? ''}::timestamptz`
}

/** The day of a moment, where the organization is. */
export const dayIn = ({ tx, organization: { timeZone } }: Asked, column: Fragment): Fragment =>
  tx.sql`(${column} at time zone ${timeZone})::date::text`

export type Common = {
  readonly auditId: string | null
  readonly on: string
  readonly actor: string | null
  readonly reason: string | null
}

export const itemOf = ({
  auditId,
  on,
  actor,
  reason,
  customerId,
}: Common & { readonly customerId: string }) => ({
  key: auditId ?? customerId,
  on,
  customerId,
  actor,
  reason,
  auditId,
})

export const inWords = (money: Money): string => `${formatMinor(money)} ${money.currency}`

export const parsed = (text: string): Day => {
  const day = parseDay(text)
  if (day === null) throw new Error(`${text} is no day`)
  return day
}

/** All that an actor is: itself, and whoever made its token. */
export const namesOf = (identities: ReadonlyMap<string, Identity>, actor: string | null): readonly string[] =>
  actor === null ? [] : (identities.get(actor)?.names ?? [])
