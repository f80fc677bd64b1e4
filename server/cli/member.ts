import type { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { type Command, Option } from 'commander'
import { and, eq } from 'drizzle-orm'
import { actorInWords } from '../access/actor-words.ts'
import { invitationLink } from '../access/invitations.ts'
import { type Role, ROLES } from '../access/scopes.ts'
import type { CommandContext } from '../command.ts'
import { readPublicUrl } from '../config.ts'
import { encodeId } from '../ids.ts'
import { changeMemberRole, inviteMember, removeMember } from '../member/commands.ts'
import { erasePerson } from '../member/erase.ts'
import { listInvitations, listMembers } from '../member/queries.ts'
import { shownRole } from '../member/roles.ts'
import { isProblem, type Problem } from '../problem.ts'
import { type CliSession, refuse } from './session.ts'
import { inView, readAll } from './view.ts'

const OPTIONS: Readonly<Record<string, string>> = {
  email: '--email',
  role: '--role',
  reason: '--reason',
}
const WHO = 'their e-mail, or the id that `member list --json` shows'
const DRY_RUN = 'Dry run, nothing was written.'

type OfOrganization = { readonly organization: string }
type Changing = OfOrganization & { readonly dryRun: boolean }
type ChangingRole = Changing & {
  readonly role: Role
  readonly keepTokens: boolean
  readonly reason?: string
}

export const registerMember = (program: Command, session: CliSession): void => {
  const noun = program.command('member').description('the people who can sign in')
  addInvite(noun, session)
  addList(noun, session)
  addRole(noun, session)
  addRemove(noun, session)
  addErase(noun, session)
}

const addInvite = (noun: Command, session: CliSession): void => {
  noun
    .command('invite')
    .description('makes a link by which somebody becomes a member, and prints it; hand it over yourself')
    .requiredOption('--organization <slug>', 'of which organization')
    .requiredOption('--email <e-mail>', 'for whom the link is')
    .addOption(roleOption())
    .option('--dry-run', 'check everything, and make no link', false)
    .action(async (options: Changing & { readonly email: string; readonly role: Role }) => {
      const { email, role, dryRun } = options
      const commands = await session.commands(options.organization)
      const invited = await inviteMember(commands, { email, role: shownRole(role), dryRun })
      if (isProblem(invited)) throw refuseMember(invited)
      const { secret } = invited
      const link = secret === null ? null : invitationLink(readPublicUrl(process.env), { secret })
      const id = dryRun ? null : encodeId('invitation', invited.invitationId)
      session.answer(link ?? DRY_RUN, { id, email, role, link, dryRun })
    })
}

const addList = (noun: Command, session: CliSession): void => {
  noun
    .command('list')
    .description('lists the members, and the invitations that are open')
    .requiredOption('--organization <slug>', 'of which organization')
    .action(async (options: OfOrganization) => {
      const { members, invitations } = await inView(
        await session.books(options.organization),
        async (view) => {
          const rows = await readAll((args) => listInvitations(view, args))
          return {
            members: (await readAll((args) => listMembers(view, args))).map((row) => ({
              id: encodeId('person', row.person.id),
              name: row.person.name,
              email: row.person.email,
              role: row.role,
              since: row.since.toString(),
            })),
            invitations: await Promise.all(
              rows.map(async (row) => ({
                id: encodeId('invitation', row.id),
                email: row.email,
                role: row.role,
                invitedBy: await actorInWords(row.invitedBy, view.loaders),
                expiresAt: row.expiresAt.toString(),
              })),
            ),
          }
        },
      )
      const lines = [
        ...members.map((row) => [row.role, row.email, row.name, `since ${row.since}`]),
        ...invitations.map((row) => [row.role, row.email, 'invited', `until ${row.expiresAt}`]),
      ]
      session.answer(lines.map((line) => line.join('\t')).join('\n'), { members, invitations })
    })
}

const addRole = (noun: Command, session: CliSession): void => {
  noun
    .command('role')
    .description('gives a member another role')
    .argument('<who>', WHO)
    .requiredOption('--organization <slug>', 'of which organization')
    .addOption(roleOption())
    .option('--keep-tokens', 'let the tokens that they made work on, also those that may do more', false)
    .option('--reason <text>', 'why, for the audit: it outlives the person, so write no names')
    .option('--dry-run', 'check everything, and change nothing', false)
    .action(async (who: string, options: ChangingRole) => {
      const { role, keepTokens, reason, dryRun } = options
      const commands = await session.commands(options.organization)
      const id = await personIdOf(commands, who)
      const input = { id, role: shownRole(role), keepTokens, reason, dryRun }
      const changed = await changeMemberRole(commands, input)
      if (isProblem(changed)) throw refuseMember(changed)
      const { previous, revokedTokens } = changed
      const told = `${who} is ${role} now, and was ${previous} before; tokens revoked: ${revokedTokens}.`
      session.answer(dryRun ? DRY_RUN : told, { id, role, previous, revokedTokens, dryRun })
    })
}

const addRemove = (noun: Command, session: CliSession): void => {
  noun
    .command('remove')
    .description('ends a membership, with its sessions and the tokens that the member made')
    .argument('<who>', WHO)
    .requiredOption('--organization <slug>', 'of which organization')
    .option('--keep-tokens', 'let the tokens that they made work on', false)
    .option('--reason <text>', 'why, for the audit: it outlives the person, so write no names')
    .option('--dry-run', 'check everything, and change nothing', false)
    .action(
      async (who: string, options: Changing & { readonly keepTokens: boolean; readonly reason?: string }) => {
        const { keepTokens, reason, dryRun } = options
        const commands = await session.commands(options.organization)
        const id = await personIdOf(commands, who)
        const removed = await removeMember(commands, { id, keepTokens, reason, dryRun })
        if (isProblem(removed)) throw refuseMember(removed)
        const { revokedTokens } = removed
        const text = dryRun ? DRY_RUN : `${who} is a member no longer; tokens revoked: ${revokedTokens}.`
        session.answer(text, { id, revokedTokens, dryRun })
      },
    )
}

const addErase = (noun: Command, session: CliSession): void => {
  noun
    .command('erase')
    .description('removes the name, e-mail and network addresses of a person for good, member or not')
    .argument('<who>', WHO)
    .requiredOption('--organization <slug>', 'of which organization')
    .requiredOption('--reason <text>', 'why, for the audit: it outlives the person, so write no names')
    .option('--dry-run', 'check everything, and change nothing', false)
    .action(async (who: string, options: Changing & { readonly reason: string }) => {
      const { reason, dryRun } = options
      const commands = await session.commands(options.organization)
      const id = await personIdOf(commands, who)
      const erased = await erasePerson(commands, { id, reason, dryRun })
      if (isProblem(erased)) throw refuseMember(erased)
      const { name, revokedTokens } = erased
      session.answer(dryRun ? DRY_RUN : `Erased. What is left is called "${name}".`, {
        id,
        name,
        revokedTokens,
        dryRun,
      })
    })
}

const roleOption = (): Option =>
  new Option('--role <role>', 'what they may do').choices(Object.keys(ROLES)).makeOptionMandatory()

/** The id of the person with this e-mail; what is no e-mail is taken for an id. */
const personIdOf = async ({ connection, organization }: CommandContext, who: string): Promise<string> => {
  if (!who.includes('@')) return who
  const organizationId = organization.id
  const [found] = await inTransaction(connection, { organizationId, mode: 'read' }, (tx) =>
    tx
      .select({ id: person.id })
      .from(person)
      .where(and(eq(person.organizationId, organizationId), eq(person.email, who.toLowerCase()))),
  )
  return found === undefined ? who : encodeId('person', found.id)
}

const refuseMember = (problem: Problem): OperatorError => refuse(problem, ([field]) => OPTIONS[field ?? ''])
