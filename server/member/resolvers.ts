import { actorInWords } from '../access/actor-words.ts'
import { invitationLink } from '../access/invitations.ts'
import { isRole, ROLES } from '../access/scopes.ts'
import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { changeMemberRole, inviteMember, removeMember, revokeInvitation } from './commands.ts'
import { erasePerson } from './erase.ts'
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
  Mutation: {
    inviteMember: async (_root, { input }, context) => {
      const outcome = await carryOut(context, inviteMember, input)
      if (isProblem(outcome)) return outcome
      const { secret } = outcome
      return {
        __typename: 'InviteMemberSuccess',
        invitation: outcome.imagined ?? (await required(context.loaders.invitation, outcome.invitationId)),
        link: secret === null ? null : invitationLink(context.publicUrl(), { secret }),
        dryRun: input.dryRun,
        audit: outcome.audit,
      }
    },
    revokeInvitation: async (_root, { input }, context) => {
      const outcome = await carryOut(context, revokeInvitation, input)
      if (isProblem(outcome)) return outcome
      return {
        __typename: 'RevokeInvitationSuccess',
        invitation: await required(context.loaders.invitation, outcome.invitationId),
        dryRun: input.dryRun,
        audit: outcome.audit,
      }
    },
    changeMemberRole: async (_root, { input }, context) => {
      const outcome = await carryOut(context, changeMemberRole, input)
      if (isProblem(outcome)) return outcome
      const { role, since, previous } = outcome
      return {
        __typename: 'ChangeMemberRoleSuccess',
        member: { person: await required(context.loaders.person, outcome.personId), role, since },
        previous: shownRole(previous),
        revokedTokens: outcome.revokedTokens,
        dryRun: input.dryRun,
        audit: outcome.audit,
      }
    },
    removeMember: async (_root, { input }, context) => {
      const outcome = await carryOut(context, removeMember, input)
      if (isProblem(outcome)) return outcome
      return {
        __typename: 'RemoveMemberSuccess',
        person: await required(context.loaders.person, outcome.personId),
        revokedTokens: outcome.revokedTokens,
        dryRun: input.dryRun,
        audit: outcome.audit,
      }
    },
    erasePerson: async (_root, { input }, context) => {
      const outcome = await carryOut(context, erasePerson, input)
      if (isProblem(outcome)) return outcome
      return {
        __typename: 'ErasePersonSuccess',
        person: { ...(await required(context.loaders.person, outcome.personId)), name: outcome.name },
        revokedTokens: outcome.revokedTokens,
        dryRun: input.dryRun,
        audit: outcome.audit,
      }
    },
  },
  Viewer: {
    kind: ({ kind }) => (kind === 'member' ? 'MEMBER' : 'TOKEN'),
    person: ({ kind, id }, _args, { loaders }) => (kind === 'member' ? loaders.person.load(id) : null),
    role: ({ role }) => (role === null ? null : shownRole(role)),
    scopes: ({ scopes }) => [...scopes],
  },
  Member: {
    id: ({ person }) => encodeId('person', person.id),
    // Every member has one; a repeated answer may be about somebody who was erased since.
    email: ({ person }) => person.email ?? '',
    role: ({ role }) => shownRole(role),
  },
  MemberConnection: connectionResolvers,
  Invitation: {
    id: ({ id }) => encodeId('invitation', id),
    role: ({ role }) => shownRole(role),
    invitedBy: ({ invitedBy }, _args, { loaders }) => actorInWords(invitedBy, loaders),
  },
  InvitationConnection: connectionResolvers,
} satisfies Resolvers
