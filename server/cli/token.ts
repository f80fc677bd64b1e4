import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import { type Command, Option } from 'commander'
import { type Role, ROLES, type Scope, SCOPES } from '../access/scopes.ts'
import { createToken, revokeToken } from '../access/commands.ts'
import { listTokens } from '../access/queries.ts'
import { decodeId, encodeId } from '../ids.ts'
import { type CliSession, TERMINAL } from './session.ts'

const NAME_LENGTH_MAX = 200

type CreateOptions = {
  readonly organization: string
  readonly scope?: readonly Scope[]
  readonly role?: Role
  readonly name: string
}
type OfOrganization = { readonly organization: string }

export const registerToken = (program: Command, session: CliSession): void => {
  const noun = program.command('token').description('tokens for the API and for signing in')

  noun
    .command('create')
    .description('creates a token and prints it: the only time it is shown')
    .requiredOption('--organization <slug>', 'whose books it opens')
    .addOption(
      new Option('--scope <scope...>', 'what it may do, one or more').choices([...SCOPES]).conflicts('role'),
    )
    .addOption(new Option('--role <role>', 'all that this role may do').choices(Object.keys(ROLES)))
    .option('--name <name>', 'what it is for', 'token')
    .action(async (options: CreateOptions) => {
      const name = options.name.trim()
      if (name === '' || name.length > NAME_LENGTH_MAX) {
        throw new OperatorError(`--name: a name has 1 to ${NAME_LENGTH_MAX} characters`)
      }
      const { connection, organization } = await session.books(options.organization)
      const scopes = options.role === undefined ? options.scope : ROLES[options.role]
      if (scopes === undefined) throw new OperatorError('Say what the token may do: --scope or --role.')
      const { id, token } = await createToken(connection, organization.id, {
        name,
        scopes,
        actor: TERMINAL,
      })
      session.answer(token, {
        token,
        id: encodeId('token', id),
        name,
        scopes,
        organization: organization.slug,
      })
    })

  noun
    .command('list')
    .description('lists the tokens that are not revoked; their secrets are not stored')
    .requiredOption('--organization <slug>', 'whose tokens')
    .action(async (options: OfOrganization) => {
      const { connection, organization } = await session.books(options.organization)
      const tokens = (await listTokens(connection, organization.id)).map((row) => ({
        id: encodeId('token', row.id),
        name: row.name,
        scopes: row.scopes,
        createdAt: row.createdAt.toString(),
        lastUsedAt: row.lastUsedAt?.toString() ?? null,
      }))
      const lines = tokens.map((row) =>
        [row.id, row.scopes.join(' '), row.lastUsedAt ?? 'never used', row.name].join('\t'),
      )
      session.answer(lines.join('\n'), tokens)
    })

  noun
    .command('revoke')
    .description('revokes a token and the sessions that it signed in; it is refused within seconds')
    .argument('<id>', 'the id that `token list` shows, such as token_0199...')
    .requiredOption('--organization <slug>', 'whose token')
    .action(async (id: string, options: OfOrganization) => {
      const { connection, organization } = await session.books(options.organization)
      const uuid = decodeId('token', id)
      const revoked = uuid !== null && (await revokeToken(connection, organization.id, uuid, TERMINAL))
      if (!revoked)
        throw new OperatorError(`There is no token ${id} in ${organization.slug}, or it is revoked already.`)
      session.answer(`Revoked ${id}.`, { id, revoked })
    })
}
