/** Customers that use more than their credit limit, as `live/credit-watch.ts` found them. */
import { and, eq, isNotNull, isNull } from 'drizzle-orm'
import { connectionResolvers, type Page, type SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import { isId } from '../filter.ts'
import { listRows } from '../list.ts'
import { required } from '../loaders.ts'
import type { QueryCreditCrossingsArgs, Resolvers } from '../schema.generated.ts'
import type { CreditCrossingRow } from '@tidemark/drizzle/rows.ts'
import { creditCrossing } from '@tidemark/drizzle/tables/crossing.ts'

const latestFirst: SortKey<CreditCrossingRow>[] = [
  { name: 'ID', column: creditCrossing.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]

function listCrossings(
  { reader, organization }: Context,
  { customer, isOpen, ...args }: QueryCreditCrossingsArgs,
): Promise<Page<CreditCrossingRow>> {
  const { endedAt, organizationId, customerId } = creditCrossing
  const where = and(
    eq(organizationId, organization.id),
    customer ? isId(customerId, 'customer', customer) : undefined,
    isOpen == null ? undefined : isOpen ? isNull(endedAt) : isNotNull(endedAt),
  )
  return listRows(reader, { table: creditCrossing, keys: latestFirst, where }, args)
}

export const crossingResolvers = {
  Query: { creditCrossings: (_root, args, context) => listCrossings(context, args) },
  Customer: { overLimit: ({ id }, _args, { loaders }) => loaders.openCrossing.load(id) },
  CreditCrossing: {
    customer: ({ customerId }, _args, { loaders }) => required(loaders.customer, customerId),
    exposure: ({ exposure, currency }) => ({ minor: exposure, currency }),
    limit: ({ limit, currency }) => ({ minor: limit, currency }),
  },
  CreditCrossingConnection: connectionResolvers,
} satisfies Resolvers
