/**
 * Customers in the order of what they owe in the base currency, of any number of them. Today's rates are in no index, so
 * they are taken out of the index of each currency's amounts, in which they ascend as these do; whoever owes in several
 * currencies is added up.
 */
import { and, eq, sql, type SQL } from 'drizzle-orm'
import { isMissing, type Rates } from '../domain/rates.ts'
import { Exact } from '../domain/money.ts'
import type { Day } from '../domain/day.ts'
import { badUserInput } from '../errors.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { customer, customerState, segment } from '@tidemark/drizzle/tables/customer.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Currencies in which anybody owes anything, and what a minor unit of each is worth in the base currency. */
export type Owed = readonly { readonly currency: string; readonly rate: Exact }[]

/** Throws BAD_USER_INPUT where a rate is missing. */
export async function readOwed(
  tx: Tx,
  { id, baseCurrency }: Pick<OrganizationRow, 'id' | 'baseCurrency'>,
  rates: Rates,
  today: Day,
): Promise<Owed> {
  const used = await tx
    .selectDistinct({ currency: segment.currency })
    .from(segment)
    .where(
      and(
        eq(segment.organizationId, id),
        sql`exists (select from ${customerState} as state
          where state.organization_id = ${id} and state.currency = ${segment.currency} and state.receivable <> 0)`,
      ),
    )
  return used.map(({ currency }) => {
    const rate = rates.perMinorUnit(currency, baseCurrency, today)
    if (isMissing(rate)) {
      throw badUserInput(
        `Customers cannot be ordered by balance: there is no exchange rate of ${currency} for today.`,
      )
    }
    return { currency, rate }
  })
}

/** What the customer of a row of `customer` owes. Exact, so that it is the order of the amounts in each currency too. */
export const balanceOf = (owed: Owed): SQL<string> =>
  owed.length === 0
    ? sql<string>`0::numeric`
    : sql<string>`coalesce((select ${sumOf(owed)} from ${customerState} as state
        where state.organization_id = ${customer.organizationId} and state.customer_id = ${customer.id}), 0)`

/** Of what is owed in at least one currency. */
const sumOf = (owed: Owed): SQL => {
  const rates = owed.map(({ currency, rate }) => sql`when ${currency} then ${rate.toFixed()}::numeric`)
  return sql`sum(receivable * case currency ${sql.join(rates, sql` `)} else 0 end)`
}

/** One after the other: joined, all customers would be read for a few. */
const lateral = (organizationId: string, id: SQL, where: SQL | undefined): SQL =>
  where === undefined
    ? sql``
    : sql`cross join lateral (
        select from ${customer} where ${customer.organizationId} = ${organizationId} and ${customer.id} = ${id} and ${where}
        offset 0
      ) as chosen`

type Place = { readonly id: string; readonly balance: string }

type Wanted = {
  readonly owed: Owed
  readonly direction: 'ASC' | 'DESC'
  /** Balance and id of the last of the page before; undefined for the first page. */
  readonly after: readonly string[] | undefined
  readonly limit: number
  /** Of `customer`; undefined for all. */
  readonly where: SQL | undefined
  /** As the filter has it: who owes, who owes nothing, or either. */
  readonly hasBalance: boolean | null
}

type Going = Omit<Wanted, 'after'> & { readonly after: Place | null }

/** How far down a currency somebody is looked for whom the filter lets through. */
const WALKED_MAX = 20_000

/**
 * The ids of the next customers, at most `limit`, in no order; null where they are quicker found one by one: whom the filter
 * lets through are few among those who owe the most.
 */
export async function nextByBalance(
  tx: Tx,
  { id: organizationId }: Pick<OrganizationRow, 'id'>,
  { after: [balance, id] = [], ...rest }: Wanted,
): Promise<readonly string[] | null> {
  const after = balance === undefined || id === undefined ? null : { balance, id }
  const wanted: Going = { ...rest, after }
  const { owed, hasBalance, direction, limit } = wanted
  const idsOf = (places: readonly Place[]) => places.map((place) => place.id)
  if (hasBalance === false) return idsOf(await readOwingNothing(tx, organizationId, wanted))
  const [several, ...walked] = await Promise.all([
    owed.length < 2 ? [] : addUp(tx, organizationId, wanted),
    ...owed.map((one) => walk(tx, organizationId, one, wanted)),
  ])
  const alone = walked.flatMap((places) => (places === null ? [] : [places]))
  if (alone.length < walked.length) return null
  const lists = [several ?? [], ...alone]
  const found = merge(lists, direction).slice(0, limit)
  // Downwards nobody who owes nothing comes before somebody who owes.
  const isEnough = found.length === limit && direction === 'DESC' && isPositive(found.at(-1))
  if (isEnough || hasBalance === true) return idsOf(found)
  return idsOf(merge([found, await readOwingNothing(tx, organizationId, wanted)], direction).slice(0, limit))
}

const isPositive = (place: Place | undefined): boolean =>
  place !== undefined && new Exact(place.balance).gt(0)

const merge = (lists: readonly (readonly Place[])[], direction: Going['direction']): Place[] => {
  const sign = direction === 'ASC' ? 1 : -1
  const compare = (a: Place, b: Place) => new Exact(a.balance).cmp(b.balance) || (a.id < b.id ? -1 : 1)
  return lists.flat().toSorted((a, b) => sign * compare(a, b))
}

const words = {
  ASC: { beyond: sql.raw('>'), order: sql.raw('asc') },
  DESC: { beyond: sql.raw('<'), order: sql.raw('desc') },
}

/** Who owes in this currency and no other, along its index; null where the filter lets too few of many through. */
async function walk(
  tx: Tx,
  organizationId: string,
  { currency, rate }: Owed[number],
  { direction, after, limit, where }: Going,
): Promise<readonly Place[] | null> {
  const { order } = words[direction]
  const rows = await tx.execute<{ id: string; receivable: string }>(sql`
    select state.customer_id as id, state.receivable::text as receivable
    from (
      select customer_id, receivable from ${customerState} as each
      where organization_id = ${organizationId} and currency = ${currency} and receivable <> 0 and not is_further
        ${after === null ? sql`` : beyond(direction, after, rate)}
      order by receivable ${order}, customer_id ${order}
      ${where === undefined ? sql`` : sql`limit ${WALKED_MAX}`}
    ) as state
    ${lateral(organizationId, sql`state.customer_id`, where)}
    where not exists (select from ${customerState} as further
      where further.organization_id = ${organizationId} and further.customer_id = state.customer_id and further.is_further)
    order by state.receivable ${order}, state.customer_id ${order}
    limit ${limit}`)
  const places = rows.map(({ id, receivable }) => ({ id, balance: rate.times(receivable).toFixed() }))
  if (where === undefined || places.length === limit) return places
  return (await isLonger(tx, organizationId, currency, direction, after, rate)) ? null : places
}

/** Whether there were more to be walked through. */
async function isLonger(
  tx: Tx,
  organizationId: string,
  currency: string,
  direction: Going['direction'],
  after: Place | null,
  rate: Exact,
): Promise<boolean> {
  const [row] = await tx.execute<{ isLonger: boolean }>(sql`
    select count(*) > ${WALKED_MAX} as "isLonger" from (
      select from ${customerState} as each
      where organization_id = ${organizationId} and currency = ${currency} and receivable <> 0 and not is_further
        ${after === null ? sql`` : beyond(direction, after, rate)}
      limit ${WALKED_MAX + 1}
    ) as counted`)
  return row?.isLonger === true
}

const MINOR_MAX = 2n ** 63n - 1n

/** What comes after a balance, of rows of one currency: a bound of the index, without the rate. */
function beyond(direction: Going['direction'], { id, balance }: Place, rate: Exact): SQL {
  const whole = BigInt(new Exact(balance).div(rate).floor().toFixed())
  // A quotient of forty digits may have been rounded up to the next whole number.
  const floor = rate.times(whole.toString()).gt(balance) ? whole - 1n : whole
  if (floor > MINOR_MAX) return direction === 'DESC' ? sql`` : sql`and false`
  if (floor < -MINOR_MAX) return direction === 'ASC' ? sql`` : sql`and false`
  const minor = sql`${floor.toString()}::bigint`
  if (rate.times(floor.toString()).eq(balance))
    return sql`and (receivable, customer_id) ${words[direction].beyond} (${minor}, ${id}::uuid)`
  return direction === 'DESC' ? sql`and receivable <= ${minor}` : sql`and receivable > ${minor}`
}

/** Whoever ever had amounts in several currencies, and owes in any: all of them. */
async function addUp(
  tx: Tx,
  organizationId: string,
  { owed, direction, after, limit, where }: Going,
): Promise<readonly Place[]> {
  const { order, beyond: past } = words[direction]
  return tx.execute<Place>(sql`
    select id, balance::text as balance from (
      select state.customer_id as id, ${sumOf(owed)} as balance from ${customerState} as state
      where organization_id = ${organizationId} and customer_id = any(array(
        select distinct further.customer_id from ${customerState} as further
        ${lateral(organizationId, sql`further.customer_id`, where)}
        where further.organization_id = ${organizationId} and further.is_further
      ))
      group by state.customer_id having bool_or(receivable <> 0)
    ) as every
    ${after === null ? sql`` : sql`where (balance, id) ${past} (${after.balance}::numeric, ${after.id}::uuid)`}
    order by every.balance ${order}, id ${order} limit ${limit}`)
}

/** Along their ids as long as there are many of them; else all of them are found at once, for they are few. */
async function readOwingNothing(
  tx: Tx,
  organizationId: string,
  { direction, after, limit, where }: Going,
): Promise<readonly Place[]> {
  const { order, beyond: past } = words[direction]
  const sign = after === null ? 0 : new Exact(after.balance).cmp(0)
  if (sign === (direction === 'ASC' ? 1 : -1)) return []
  const select = (part: SQL) =>
    tx.execute<{ id: string }>(sql`
      select id from (
        select one.id from (
          select ${customer.id} as id from ${customer}
          where ${customer.organizationId} = ${organizationId} and ${where ?? sql`true`}
            ${after === null || sign !== 0 ? sql`` : sql`and ${customer.id} ${past} ${after.id}::uuid`}
          ${part}
        ) as one
        where not exists (select from ${customerState} as state
          where state.organization_id = ${organizationId} and state.customer_id = one.id and receivable <> 0)
        offset 0
      ) as nothing
      order by id ${order} limit ${limit}`)
  const walked = await select(sql`order by ${customer.id} ${order} limit ${WALKED_MAX}`)
  const rows = walked.length < limit ? await select(sql``) : walked
  return rows.map(({ id }) => ({ id, balance: '0' }))
}
