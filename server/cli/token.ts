import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { ApiTokenRow, OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { actorInWords } from '../access/actor-words.ts'
import { type Role, ROLES, type Scope, SCOPES } from '../access/scopes.ts'
import { endOfDay } from '../domain/calendar.ts'
import type { Day } from '../domain/day.ts'
import { formatMinor } from '../domain/money.ts'
import { encodeId } from '../ids.ts'
import { isProblem, type Problem } from '../problem.ts'
import { createToken, revokeToken, rotateToken } from '../token/commands.ts'
import { listTokens } from '../token/queries.ts'
import { readDay, readInteger } from './arguments.ts'
import { type CliSession, refuse } from './session.ts'
import { inView, readAll } from './view.ts'

const OPTIONS: Readonly<Record<string, string>> = {
  name: '--name',
  scopes: '--scope',
  expiresAt: '--expires-on or --expires-in',
  addresses: '--address',
  pointsPerMinute: '--points-per-minute',
  creditLimitMax: '--credit-limit-max',
  overlapHours: '--overlap-hours',
  reason: '--reason',
}
const DRY_RUN = 'Dry run, nothing was written.'

type CreateOptions = {
  readonly organization: string
  readonly scope?: readonly Scope[]
  readonly role?: Role
  readonly name: string
  readonly expiresOn?: Day
  readonly expiresIn?: Temporal.Duration
  readonly address?: readonly string[]
  readonly pointsPerMinute?: number
  readonly creditLimitMax?: string
  readonly dryRun: boolean
}
type OfOrganization = { readonly organization: string }

export const registerToken = (program: Command, session: CliSession): void => {
  const noun = program.command('token').description('tokens for the API')
  addCreate(noun, session)
  addList(noun, session)
  addRotate(noun, session)
  addRevoke(noun, session)
}

const addCreate = (noun: Command, session: CliSession): void => {
  noun
    .command('create')
    .description('creates a token and prints it: the only time it is shown')
    .requiredOption('--organization <slug>', 'whose books it opens')
    .addOption(
      new Option('--scope <scope...>', 'what it may do, one or more').choices([...SCOPES]).conflicts('role'),
    )
    .addOption(new Option('--role <role>', 'all that this role may do').choices(Object.keys(ROLES)))
    .option('--name <name>', 'what it is for', 'token')
    .addOption(
      new Option('--expires-on <date>', 'its last day, such as 2027-01-31, in the organization’s time zone')
        .argParser(readDay)
        .conflicts('expiresIn'),
    )
    .addOption(
      new Option('--expires-in <time>', 'how long it lasts, such as 90d, 12h, 6w or 1y').argParser(readTime),
    )
    .option('--address <address...>', 'addresses or CIDR blocks that it may be used from')
    .option('--points-per-minute <number>', 'cost points that it may use up per minute', readInteger)
    .option('--credit-limit-max <amount>', 'the greatest credit limit that it may set, in the base currency')
    .option('--dry-run', 'check everything, and make none', false)
    .action(async (options: CreateOptions) => {
      const scopes = options.role === undefined ? options.scope : ROLES[options.role]
      if (scopes === undefined) throw new OperatorError('Say what the token may do: --scope or --role.')
      const commands = await session.commands(options.organization)
      const { name, address: addresses, pointsPerMinute, creditLimitMax, dryRun } = options
      const expiresAt = endOf(options, commands)
      const input = { name, scopes, expiresAt, addresses, pointsPerMinute, creditLimitMax, dryRun }
      const made = await createToken(commands, input)
      if (isProblem(made)) throw refuseToken(made)
      session.answer(made.secret ?? DRY_RUN, {
        token: made.secret,
        id: dryRun ? null : encodeId('token', made.tokenId),
        name,
        scopes,
        expiresAt: expiresAt?.toString() ?? null,
        addresses: addresses ?? [],
        pointsPerMinute: pointsPerMinute ?? null,
        creditLimitMax: creditLimitMax ?? null,
        organization: commands.organization.slug,
        dryRun,
      })
    })
}

const addList = (noun: Command, session: CliSession): void => {
  noun
    .command('list')
    .description('lists the tokens that are not revoked; their secrets are not stored')
    .requiredOption('--organization <slug>', 'whose tokens')
    .action(async (options: OfOrganization) => {
      const tokens = await inView(await session.books(options.organization), async (view) => {
        const rows = await readAll((args) => listTokens(view, args))
        return Promise.all(
          rows.map(async (row) =>
            describe(row, await actorInWords(row.createdBy, view.loaders), view.organization.baseCurrency),
          ),
        )
      })
      const lines = tokens.map((row) =>
        [
          row.id,
          row.scopes.join(' '),
          row.lastUsedAt === null ? 'never used' : `used ${row.lastUsedAt}`,
          row.expiresAt === null ? 'never expires' : `until ${row.expiresAt}`,
          ...(row.creditLimitMax === null
            ? []
            : [`limits up to ${row.creditLimitMax.amount} ${row.creditLimitMax.currency}`]),
          row.name,
        ].join('\t'),
      )
      session.answer(lines.join('\n'), tokens)
    })
}

const addRotate = (noun: Command, session: CliSession): void => {
  noun
    .command('rotate')
    .description('prints a new token like an old one, which works on for a while')
    .argument('<id>', 'the id that `token list` shows, such as token_0199...')
    .requiredOption('--organization <slug>', 'whose token')
    .option('--overlap-hours <hours>', 'for how long the old one works on', readInteger, 24)
    .action(async (id: string, options: OfOrganization & { readonly overlapHours: number }) => {
      const { overlapHours } = options
      const made = await rotateToken(await session.commands(options.organization), {
        id,
        overlapHours,
        dryRun: false,
      })
      if (isProblem(made)) throw refuseToken(made)
      const endsAt = made.endsAt.toString()
      session.note(`${id} works until ${endsAt}.`)
      session.answer(made.secret ?? '', {
        token: made.secret,
        id: encodeId('token', made.tokenId),
        replaced: { id, expiresAt: endsAt },
      })
    })
}

const addRevoke = (noun: Command, session: CliSession): void => {
  noun
    .command('revoke')
    .description('revokes a token: it is refused within a second')
    .argument('<id>', 'the id that `token list` shows, such as token_0199...')
    .requiredOption('--organization <slug>', 'whose token')
    .option('--reason <text>', 'why, for the audit')
    .action(async (id: string, options: OfOrganization & { readonly reason?: string }) => {
      const { organization, reason } = options
      const revoked = await revokeToken(await session.commands(organization), { id, reason, dryRun: false })
      if (isProblem(revoked)) throw refuseToken(revoked)
      session.answer(`Revoked ${id}.`, { id, revoked: true })
    })
}

const describe = (row: ApiTokenRow, createdBy: string, currency: string) => ({
  id: encodeId('token', row.id),
  name: row.name,
  scopes: row.scopes,
  createdBy,
  createdAt: row.createdAt.toString(),
  expiresAt: row.expiresAt?.toString() ?? null,
  lastUsedAt: row.lastUsedAt?.toString() ?? null,
  addresses: row.addresses ?? [],
  pointsPerMinute: row.pointsPerMinute,
  creditLimitMax:
    row.creditLimitMax === null
      ? null
      : { amount: formatMinor({ minor: row.creditLimitMax, currency }), currency },
})

const refuseToken = (problem: Problem): OperatorError => refuse(problem, ([field]) => OPTIONS[field ?? ''])

type End = { readonly organization: OrganizationRow; readonly now: Temporal.Instant }

/** The moment at which it is over: the end of a day, or of a time from now. */
const endOf = (
  { expiresOn, expiresIn }: CreateOptions,
  { organization: { timeZone }, now }: End,
): Temporal.Instant | null => {
  if (expiresOn !== undefined) return endOfDay(expiresOn, timeZone)
  return expiresIn === undefined ? null : now.toZonedDateTimeISO(timeZone).add(expiresIn).toInstant()
}

const UNITS = { h: 'hours', d: 'days', w: 'weeks', y: 'years' } as const

const readTime = (text: string): Temporal.Duration => {
  const [, count, unit] = /^(\d{1,5})([hdwy])$/.exec(text) ?? []
  if (count === undefined) throw new InvalidArgumentError('Write a time such as 90d, 12h, 6w or 1y.')
  return Temporal.Duration.from({ [UNITS[unit as keyof typeof UNITS]]: Number(count) })
}
