import { actorInWords } from '../access/actor-words.ts'
import { isRole, ROLES } from '../access/scopes.ts'
import { connectionResolvers } from '../connection.ts'
import { encodeId } from '../ids.ts'
import type { Resolvers } from '../schema.generated.ts'
import { listInvitations, listMembers } from './queries.ts'
import { shownRole } from './roles.ts'

export const memberResolvers = {
  Query: {
    viewer: (_root, _args, { actor }) => actor,
    members: (_root, args, context) => listMembers(context, args),
    invitations: (_root, args, context) => listInvitations(context, args),
    roles: () =>
      Object.keys(ROLES)
        .filter(isRole)
        .map((role) => ({ role: shownRole(role), scopes: ROLES[role] })),
  },
  Viewer: {
    kind: ({ kind }) => (kind === 'member' ? 'MEMBER' : 'TOKEN'),
    person: ({ kind, id }, _args, { loaders }) => (kind === 'member' ? loaders.person.load(id) : null),
    role: ({ role }) => (role === null ? null : shownRole(role)),
    scopes: ({ scopes }) => [...scopes],
  },
  Member: {
    id: ({ person }) => encodeId('person', person.id),
    email: ({ person }) => person.email ?? '',
    role: ({ membership }) => shownRole(membership.role),
    since: ({ membership }) => membership.createdAt,
  },
  MemberConnection: connectionResolvers,
  Invitation: {
    id: ({ id }) => encodeId('invitation', id),
    role: ({ role }) => shownRole(role),
    invitedBy: ({ invitedBy }, _args, { loaders }) => actorInWords(invitedBy, loaders),
  },
  InvitationConnection: connectionResolvers,
} satisfies Resolvers
