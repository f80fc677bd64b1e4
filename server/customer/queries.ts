import { and, eq, exists, getTableColumns, ilike, inArray, ne, not, or, sql, type SQL } from 'drizzle-orm'
import { assemblePage, requestPage, type Page, type SortKey } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import { dayOf } from '../domain/day.ts'
import { Exact, minorOf, type Money } from '../domain/money.ts'
import { isMissing } from '../domain/rates.ts'
import { badUserInput } from '../errors.ts'
import { limited, matchesText } from '../filter.ts'
import { decodeId } from '../ids.ts'
import { selectCustomer, type By } from '../ledger/find.ts'
import { readRates } from '../ledger/rates.ts'
import type { CustomerFilter, CustomerOrder } from '../schema.generated.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'
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

export const findCustomerBy = ({ reader, organization }: Context, by: By): Promise<CustomerRow | null> =>
  reader.read((tx) => selectCustomer(tx, organization.id, by))

/** The sum in the base currency at today's rates; null where one is missing. */
export async function inBaseCurrency(context: Context, amounts: readonly Money[]): Promise<Money | null> {
  const { baseCurrency } = context.organization
  const today = dayOf(todayOf(context))
  const rates = await context.loaders.ratesToday()
  let sum = new Exact(0)
  for (const { minor, currency } of amounts) {
    const rate = rates.perMinorUnit(currency, baseCurrency, today)
    if (isMissing(rate)) return null
    sum = sum.plus(rate.times(minor.toString()))
  }
  return { minor: minorOf(sum, baseCurrency), currency: baseCurrency }
}

/** What a customer owes today, as an SQL expression in the base currency. */
async function balanceInBase(tx: Tx, context: Context): Promise<SQL<string>> {
  const { organization } = context
  const today = dayOf(todayOf(context))
  const rates = await readRates(tx, organization, today, today)
  const used = await tx
    .selectDistinct({ currency: customerState.currency })
    .from(customerState)
    .where(and(eq(customerState.organizationId, organization.id), ne(customerState.receivable, 0n)))
  const cases = used.map(({ currency }) => {
    const rate = rates.perMinorUnit(currency, organization.baseCurrency, today)
    if (isMissing(rate)) {
      throw badUserInput(
        `Customers cannot be ordered by balance: there is no exchange rate of ${currency} for today.`,
      )
    }
    return sql`when ${customerState.currency} = ${currency} then ${rate.toFixed()}::numeric`
  })
  if (cases.length === 0) return sql<string>`0::numeric`
  return sql<string>`coalesce((select round(sum(${customerState.receivable} * case ${sql.join(cases, sql` `)} else 0 end), 6)
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
