import { todayOf } from '../context.ts'
import { encodeId } from '../ids.ts'
import type { Resolvers } from '../schema.generated.ts'
import { listCurrencies } from './queries.ts'

export const organizationResolvers = {
  Query: {
    organization: (_root, _args, { organization }) => organization,
  },
  Organization: {
    id: ({ id }) => encodeId('organization', id),
    today: (_organization, _args, context) => todayOf(context),
    currencies: (organization, _args, context) => listCurrencies(context, organization),
  },
  Person: {
    id: ({ id }) => encodeId('person', id),
  },
} satisfies Resolvers
