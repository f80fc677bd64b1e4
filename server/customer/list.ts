/**
 * The list of customers. Where few fit they are found first, and then ordered; else it is walked along the order's index
 * until the page is full: which of the two, no statistics can tell behind row-level security.
 */
import {
  and,
  eq,
  exists,
  getTableColumns,
  ilike,
  inArray,
  isNotNull,
  isNull,
  ne,
  not,
  or,
  sql,
  type AnyColumn,
  type SQL,
} from 'drizzle-orm'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import {
  assemblePage,
  LAST_DAY,
  requestPage,
  type Page,
  type PageRequest,
  type SortKey,
} from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import { dayOf, formatDay, type Day } from '../domain/day.ts'
import { limited, matchesText } from '../filter.ts'
import { decodeId } from '../ids.ts'
import type { At } from '../ledger/exposure-amounts.ts'
import { readOverLimit } from '../ledger/over-limit.ts'
import { readRates } from '../ledger/rates.ts'
import type { CreditLimitState, CustomerFilter, CustomerOrder, DateFilter } from '../schema.generated.ts'
import { balanceOf, nextByBalance, readOwed, type Owed } from './by-balance.ts'
import type { CustomerRow, OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { creditLimit } from '@tidemark/drizzle/tables/credit.ts'
import { creditCrossing } from '@tidemark/drizzle/tables/crossing.ts'
import { customer, customerState } from '@tidemark/drizzle/tables/customer.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

type CustomersArguments = {
  readonly first: number
  readonly after?: string | null | undefined
  readonly search?: string | null | undefined
  readonly filter?: CustomerFilter | null | undefined
  readonly orderBy?: readonly CustomerOrder[] | null | undefined
}

/** A customer with what the list is ordered by, where that is no column. */
type Listed = CustomerRow & { readonly balance: string }

export async function listCustomers(context: Context, args: CustomersArguments): Promise<Page<CustomerRow>> {
  const [{ field, direction } = DEFAULT_ORDER] = args.orderBy ?? []
  const { reader, organization } = context
  return reader.read(async (tx) => {
    const owed = field === 'BALANCE' ? await owedToday(tx, context) : []
    const request = requestPage(args, sortKeys(field, direction, owed))
    const hasBalance = args.filter?.hasBalance ?? null
    const chosen = await choice(tx, context, args)
    const isOwing = hasBalance === null ? undefined : hasBalance ? owing : not(owing)
    const where = and(eq(customer.organizationId, organization.id), chosen, isOwing)
    const isWhole = chosen === undefined && (hasBalance !== true || field === 'BALANCE')
    const few = isWhole ? null : await findFew(tx, where)
    if (few !== null) {
      const rows = await selectListed(tx, owed, request, isOneOf(organization, few))
      return assemblePage<Listed>(request, rows, () => Promise.resolve(few.length))
    }
    const count = (limit: number) =>
      reader.read((later) =>
        later.$count(
          later.select({ id: customer.id }).from(customer).where(where).limit(limit).as('limited'),
        ),
      )
    const after = request.afterValues
    const wanted = { owed, direction, after, limit: request.limit, where: chosen, hasBalance }
    const next = field === 'BALANCE' ? await nextByBalance(tx, organization, wanted) : null
    const rows = await selectListed(tx, owed, request, next === null ? where : isOneOf(organization, next))
    return assemblePage(request, rows, count)
  })
}

const DEFAULT_ORDER: CustomerOrder = { field: 'NUMBER', direction: 'ASC' }

/** So many are ordered more quickly than that many are found along an order. */
const FEW = 3_000

/** The ids of all of them; null where they are more. */
async function findFew(tx: Tx, where: SQL | undefined): Promise<readonly string[] | null> {
  const rows = await tx
    .select({ id: customer.id })
    .from(customer)
    .where(where)
    .limit(FEW + 1)
  return rows.length > FEW ? null : rows.map(({ id }) => id)
}

const isOneOf = ({ id }: Pick<OrganizationRow, 'id'>, ids: readonly string[]): SQL | undefined =>
  and(eq(customer.organizationId, id), sql`${customer.id} = any(${arrayOf(ids)}::uuid[])`)

const selectListed = (
  tx: Tx,
  owed: Owed,
  { after, orderBy, limit }: PageRequest<Listed>,
  where: SQL | undefined,
): Promise<Listed[]> =>
  tx
    .select({ ...getTableColumns(customer), balance: sql<string>`${balanceOf(owed)}::text` })
    .from(customer)
    .where(and(where, after))
    .orderBy(...orderBy)
    .limit(limit)

async function owedToday(tx: Tx, context: Context): Promise<Owed> {
  const { organization } = context
  const today = dayOf(todayOf(context))
  return readOwed(tx, organization, await readRates(tx, organization, today, today), today)
}

/** What is asked of the customers, but for whether they owe anything; undefined where nothing is. */
const choice = async (
  tx: Tx,
  context: Context,
  { search, filter }: CustomersArguments,
): Promise<SQL | undefined> =>
  and(
    search ? found(search) : undefined,
    filter ? matches(filter) : undefined,
    filter ? await matchesCredit(tx, context, filter) : undefined,
  )

const ofCustomer = and(
  eq(customerState.organizationId, customer.organizationId),
  eq(customerState.customerId, customer.id),
)

function sortKeys(
  field: CustomerOrder['field'],
  direction: CustomerOrder['direction'],
  owed: Owed,
): SortKey<Listed>[] {
  const id: SortKey<Listed> = {
    name: 'ID',
    column: customer.id,
    direction,
    type: 'uuid',
    valueOf: (row) => row.id,
  }
  const keys: Record<CustomerOrder['field'], SortKey<Listed>> = {
    NUMBER: { name: field, column: customer.number, direction, type: 'text', valueOf: (row) => row.number },
    NAME: { name: field, column: customer.name, direction, type: 'text', valueOf: (row) => row.name },
    NEXT_REVIEW_ON: {
      name: field,
      column: reviewDay,
      direction,
      type: 'date',
      hasLast: true,
      valueOf: (row) => row.nextCreditReviewOn?.toString() ?? LAST_DAY,
    },
    BALANCE: {
      name: field,
      column: balanceOf(owed),
      direction,
      type: 'numeric',
      valueOf: (row) => row.balance,
    },
  }
  return [keys[field], id]
}

const LAST = sql.raw(`'${LAST_DAY}'::date`)
/** As in the index `customer_next_review`. */
const reviewDay = sql`coalesce(${customer.nextCreditReviewOn}, ${LAST})`

/** Part of a name or the beginning of a number. */
function found(search: string): SQL | undefined {
  const literal = search.replaceAll(/[\\%_]/g, String.raw`\$&`)
  return or(ilike(customer.name, `%${literal}%`), ilike(customer.number, `${literal}%`))
}

function matches(filter: CustomerFilter): SQL | undefined {
  return and(
    matchesText(customer.region, filter.region),
    matchesText(customer.businessUnit, filter.businessUnit),
    matchesText(customer.channel, filter.channel),
    filter.ownerId
      ? inArray(
          customer.ownerId,
          limited(filter.ownerId, 'ownerId').flatMap((id) => decodeId('person', id) ?? []),
        )
      : undefined,
  )
}

/** What of it is about credit. */
async function matchesCredit(
  tx: Tx,
  { organization, now }: Context,
  { isOverLimit, limitState, isOnHold, riskClass, nextReviewOn }: CustomerFilter,
): Promise<SQL | undefined> {
  const today = dayOf(todayOf({ organization, now }))
  const over =
    typeof isOverLimit === 'boolean' ? await overLimit(tx, organization, { today, now }) : undefined
  return and(
    limitState ? hasLimitState(organization.id, limited(limitState, 'limitState'), today) : undefined,
    over === undefined || isOverLimit ? over : not(over),
    typeof isOnHold === 'boolean'
      ? isOnHold
        ? isNotNull(customer.creditHoldSince)
        : isNull(customer.creditHoldSince)
      : undefined,
    riskClass ? oneOf(customer.riskClass, limited(riskClass, 'riskClass')) : undefined,
    nextReviewOn ? isReviewedNext(nextReviewOn) : undefined,
  )
}

async function overLimit(tx: Tx, organization: OrganizationRow, at: At): Promise<SQL> {
  const over = await readOverLimit(tx, organization, at)
  if (over !== 'AS_WATCHED') return sql`${customer.id} = any(${arrayOf(over)}::uuid[])`
  const crossing = sql`${creditCrossing.organizationId} = ${customer.organizationId}
    and ${creditCrossing.customerId} = ${customer.id} and ${creditCrossing.endedAt} is null`
  return exists(sql`(select from ${creditCrossing} where ${crossing})`)
}

/** By the expression that its index is of; no condition holds for those who are not reviewed next. */
const isReviewedNext = (filter: DateFilter): SQL | undefined => {
  const compared = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const
  const given = Object.entries(compared).flatMap(([name, operator]) => {
    const day = filter[name as keyof typeof compared]
    return day ? [sql`${reviewDay} ${sql.raw(operator)} ${day.toString()}::date`] : []
  })
  return given.length === 0 ? undefined : and(...given, sql`${reviewDay} < ${LAST}`)
}

/** As `limitsInForce` of the ledger has it, in parts that have an index each. */
const hasLimitState = (
  organizationId: string,
  states: readonly CreditLimitState[],
  today: Day,
): SQL | undefined => {
  const day = sql`${formatDay(today)}::date`
  const dated = sql`(select limits.state from ${creditLimit} as limits
    where limits.organization_id = over.organization_id and limits.customer_id = over.id
      and limits.effective_on <= ${day} and (limits.until is null or limits.until >= ${day})
    order by limits.effective_on desc, limits.version desc limit 1)`
  const byColumns = and(
    oneOf(customer.creditLimitState, states),
    sql`coalesce(${customer.creditLimitThrough} >= ${day}, true)`,
  )
  const byDecisions = sql`${customer.id} = any(array(
    select over.id from ${customer} as over
    where over.organization_id = ${organizationId} and over.credit_limit_through < ${day}
      and coalesce(${dated}, 'NOT_SET')::text = any(${arrayOf(states)}::text[])
  ))`
  return or(byColumns, byDecisions)
}

/** Told apart: each value has an index of its own. */
const oneOf = <Column extends AnyColumn>(
  column: Column,
  values: readonly Column['_']['data'][],
): SQL | undefined => (values.length === 0 ? sql`false` : or(...values.map((value) => eq(column, value))))

const owing = exists(
  sql`(select from ${customerState} where ${and(ofCustomer, ne(customerState.receivable, 0n))})`,
)
