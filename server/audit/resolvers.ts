import { connectionResolvers } from '../connection.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import type { Resolvers } from '../schema.generated.ts'
import { auditHead, evidenceOf, verifyForCaller } from './check.ts'
import { actorOf, findEntry, knownOrigin, listEntries } from './queries.ts'
import { subjectId, subjectName } from './subject.ts'

export const auditResolvers = {
  Query: {
    auditEntries: (_root, args, context) => listEntries(context, args),
    auditEntry: (_root, { id }, context) => findEntry(context, id),
    verifyAuditLog: (_root, args, context) => verifyForCaller(context, evidenceOf(args)),
    auditHead: (_root, _args, context) => auditHead(context),
  },
  AuditReceipt: {
    id: ({ id }) => encodeId('audit', id),
    recordedAt: ({ recordedAt }) => Temporal.Instant.from(recordedAt),
  },
  AuditEntry: {
    id: ({ id }) => encodeId('audit', id),
    actor: (entry, _args, { loaders }) => actorOf(entry, loaders),
    subject: subjectId,
    subjectName: (entry, _args, { loaders, organization }) => subjectName(entry, loaders, organization),
    origin: async ({ originId }, _args, { loaders }) =>
      originId === null ? null : knownOrigin(await required(loaders.origin, originId)),
    seal: ({ id }, _args, { loaders }) => loaders.auditSeal.load(id),
  },
  AuditSeal: { sequence: ({ sequence }) => sequence.toString() },
  AuditHead: {
    sequence: ({ sequence }) => sequence.toString(),
    sealedAt: ({ sealedAt }) => Temporal.Instant.from(sealedAt),
  },
  AuditFinding: {
    entryId: ({ entryId }) => (entryId === null ? null : encodeId('audit', entryId)),
    sequence: ({ sequence }) => sequence?.toString() ?? null,
  },
  AuditEntryConnection: connectionResolvers,
} satisfies Resolvers
