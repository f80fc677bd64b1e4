import { encodeId } from '../ids.ts'
import type { Resolvers } from '../schema.generated.ts'

export const auditResolvers = {
  AuditReceipt: {
    id: ({ id }) => encodeId('audit', id),
    recordedAt: ({ recordedAt }) => Temporal.Instant.from(recordedAt),
  },
} satisfies Resolvers
