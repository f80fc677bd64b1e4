import {
  and,
  eq,
  exists,
  getTableColumns,
  ilike,
  inArray,
  ne,
  not,
  or,
  sql,
  type AnyColumn,
  type SQL,
} from 'drizzle-orm'
import { assemblePage, requestPage, type Page, type SortKey } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import { dayOf } from '../domain/day.ts'
import { currencyDigits, Exact, type Money } from '../domain/money.ts'
import { isMissing } from '../domain/rates.ts'
import { badUserInput } from '../errors.ts'
import { decodeId } from '../ids.ts'
import type { By } from '../ledger/find.ts'
import { readRates } from '../ledger/rates.ts'
import type { CustomerFilter, CustomerOrder, TextFilter } from '../schema.generated.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'
import { customer, customerState } from '@tidemark/drizzle/tables.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

type CustomersArguments = {
  readonly first: number
  readonly after?: string | null | undefined
  readonly search?: string | null | undefined
  readonly filter?: CustomerFilter | null | undefined
  readonly orderBy?: readonly CustomerOrder[] | null | undefined
}

const FILTER_VALUES_MAX = 1_000

/** A customer with what the list is ordered by, where that is no column. */
type Listed = CustomerRow & { readonly balance: string }

export async function listCustomers(context: Context, args: CustomersArguments): Promise<Page<CustomerRow>> {
  const [order] = args.orderBy ?? []
  const { reader, organization } = context
  return reader.read(async (tx) => {
    const { field, direction } = order ?? { field: 'NUMBER', direction: 'ASC' }
    const balance = field === 'BALANCE' ? await balanceInBase(tx, context) : sql<string>`'0'`
    const request = requestPage(args, sortKeys(field, direction, balance))
    const where = and(
      eq(customer.organizationId, organization.id),
      args.search ? found(args.search) : undefined,
      args.filter ? matches(args.filter) : undefined,
    )
    const rows: Listed[] = await tx
      .select({ ...getTableColumns(customer), balance: sql<string>`${balance}::text` })
      .from(customer)
      .where(and(where, request.after))
      .orderBy(...request.orderBy)
      .limit(request.limit)
    return assemblePage(request, rows, (limit) =>
      reader.read((later) =>
        later.$count(
          later.select({ id: customer.id }).from(customer).where(where).limit(limit).as('limited'),
        ),
      ),
    )
  })
}

export async function findCustomerBy({ reader, organization }: Context, by: By): Promise<CustomerRow | null> {
  const uuid = typeof by.id === 'string' ? decodeId('customer', by.id) : null
  if (typeof by.id === 'string' && uuid === null) return null
  const wanted = uuid === null ? eq(customer.number, by.number ?? '') : eq(customer.id, uuid)
  const [row] = await reader.read((tx) =>
    tx
      .select()
      .from(customer)
      .where(and(eq(customer.organizationId, organization.id), wanted)),
  )
  return row ?? null
}

/** The sum in the base currency at today's rates; null where one is missing. */
export async function inBaseCurrency(context: Context, amounts: readonly Money[]): Promise<Money | null> {
  const { baseCurrency } = context.organization
  const rates = await context.loaders.ratesToday()
  let sum = new Exact(0)
  for (const { minor, currency } of amounts) {
    if (minor === 0n) continue
    const factor = minorFactor(
      rates.between(currency, baseCurrency, dayOf(todayOf(context))),
      currency,
      baseCurrency,
    )
    if (factor === null) return null
    sum = sum.plus(factor.times(minor.toString()))
  }
  return { minor: BigInt(sum.toFixed(0, Exact.ROUND_HALF_EVEN)), currency: baseCurrency }
}

/** Minor units of the base currency for one minor unit of the currency. */
const minorFactor = (
  rate: ReturnType<Awaited<ReturnType<typeof readRates>>['between']>,
  from: string,
  to: string,
) => (isMissing(rate) ? null : rate.times(new Exact(10).pow(currencyDigits(to) - currencyDigits(from))))

/** What a customer owes today, as an SQL expression in minor units of the base currency. */
async function balanceInBase(tx: Tx, context: Context): Promise<SQL<string>> {
  const { organization } = context
  const today = dayOf(todayOf(context))
  const rates = await readRates(tx, organization, today, today)
  const used = await tx
    .selectDistinct({ currency: customerState.currency })
    .from(customerState)
    .where(and(eq(customerState.organizationId, organization.id), ne(customerState.receivable, 0n)))
  const cases = used.map(({ currency }) => {
    const factor = minorFactor(
      rates.between(currency, organization.baseCurrency, today),
      currency,
      organization.baseCurrency,
    )
    if (factor === null) {
      throw badUserInput(
        `Customers cannot be ordered by balance: there is no exchange rate of ${currency} for today.`,
      )
    }
    return sql`when ${customerState.currency} = ${currency} then ${factor.toFixed()}::numeric`
  })
  if (cases.length === 0) return sql<string>`0::numeric`
  return sql<string>`coalesce((select round(sum(${customerState.receivable} * case ${sql.join(cases, sql` `)} else 0 end), 4)
    from ${customerState} where ${ofCustomer}), 0)`
}

const ofCustomer = and(
  eq(customerState.organizationId, customer.organizationId),
  eq(customerState.customerId, customer.id),
)

function sortKeys(
  field: CustomerOrder['field'],
  direction: CustomerOrder['direction'],
  balance: SQL<string>,
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
    BALANCE: { name: field, column: balance, direction, type: 'numeric', valueOf: (row) => row.balance },
  }
  return [keys[field], id]
}

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
    typeof filter.hasBalance === 'boolean' ? (filter.hasBalance ? owing : not(owing)) : undefined,
  )
}

const owing = exists(
  sql`(select from ${customerState} where ${and(ofCustomer, ne(customerState.receivable, 0n))})`,
)

const matchesText = (column: AnyColumn, filter: TextFilter | null | undefined): SQL | undefined =>
  filter
    ? and(
        typeof filter.eq === 'string' ? eq(column, filter.eq) : undefined,
        filter.in ? inArray(column, limited(filter.in, 'in')) : undefined,
      )
    : undefined

function limited<Value>(values: readonly Value[], name: string): Value[] {
  if (values.length > FILTER_VALUES_MAX)
    throw badUserInput(`\`${name}\` takes at most ${FILTER_VALUES_MAX} values.`)
  return [...values]
}
