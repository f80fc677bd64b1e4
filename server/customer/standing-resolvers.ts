import { actorInWords } from '../access/actor-words.ts'
import { connectionResolvers } from '../connection.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import type { Resolvers } from '../schema.generated.ts'
import { agesOf, overdueIn } from './ages.ts'
import { listTimeline } from './timeline.ts'

export const customerStandingResolvers = {
  Customer: {
    ages: ({ id }, _args, context) => agesOf(context, id),
    overdue: async ({ id }, _args, context) =>
      overdueIn(await agesOf(context, id), context.organization.baseCurrency),
    paymentBehaviour: ({ id }, _args, { loaders }) => required(loaders.paymentBehaviour, id),
    timeline: ({ id }, args, context) => listTimeline(context, id, args),
  },
  CustomerEvent: {
    subject: ({ subjectType, subjectId }) => encodeId(subjectType, subjectId),
    by: ({ actor }, _args, { loaders }) => actorInWords(actor, loaders),
  },
  CustomerEventConnection: connectionResolvers,
} satisfies Resolvers
