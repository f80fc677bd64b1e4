import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { Command } from 'commander'
import { createInvitation, invitationLink } from '../access/invitations.ts'
import { readPublicUrl } from '../config.ts'
import { readEmail } from '../identity/emails.ts'
import { encodeId } from '../ids.ts'
import { createOrganization } from '../organization/commands.ts'
import { listOrganizations } from '../organization/queries.ts'
import { isProblem } from '../problem.ts'
import { type CliSession, refuse, TERMINAL } from './session.ts'

const OPTIONS: Readonly<Record<string, string>> = {
  slug: '--slug',
  name: '--name',
  baseCurrency: '--currency',
  timeZone: '--time-zone',
  email: '--admin',
}

type CreateOptions = {
  readonly slug: string
  readonly name: string
  readonly currency: string
  readonly timeZone: string
  readonly admin?: string
}

export const registerOrganization = (program: Command, session: CliSession): void => {
  const noun = program.command('organization').description('the companies whose books are kept here')

  noun
    .command('create')
    .description('creates an organization with empty books')
    .requiredOption('--slug <slug>', 'short name of a-z, 0-9 and -, which --organization takes everywhere')
    .requiredOption('--name <name>', "the company's name")
    .requiredOption('--currency <code>', 'base currency by ISO 4217, such as USD')
    .requiredOption('--time-zone <zone>', 'where its days begin, such as Europe/Berlin or UTC')
    .option('--admin <e-mail>', 'who becomes its first administrator: prints a link to hand over')
    .action(async ({ slug, name, currency, timeZone, admin }: CreateOptions) => {
      // Before anything is made, for a second try would find the slug taken.
      if (admin !== undefined && readEmail(admin) === null) {
        throw new OperatorError(`--admin: "${admin}" is no e-mail address`)
      }
      const input = { slug, name, baseCurrency: currency, timeZone, demo: false }
      const created = await createOrganization(
        await session.connection(),
        input,
        TERMINAL,
        session.caller.agent,
      )
      if (isProblem(created)) throw refuse(created, ([field]) => OPTIONS[field ?? ''])
      const invited = admin === undefined ? null : await inviteAdmin(session, slug, admin)
      session.answer(
        `Created organization ${slug} (${created.baseCurrency}, ${created.timeZone}).\n` +
          (invited === null
            ? `Next: pnpm tidemark member invite --organization ${slug} --role admin --email you@example.com`
            : `${admin} becomes its administrator by this link, once, until ${invited.expiresAt}:\n${invited.link}`),
        { ...describe(created), invitation: invited },
      )
    })

  noun
    .command('list')
    .description('lists the organizations')
    .action(async () => {
      const rows = await listOrganizations(await session.connection())
      const lines = rows.map((row) => [row.slug, row.baseCurrency, row.timeZone, row.name].join('\t'))
      session.answer(lines.join('\n'), rows.map(describe))
    })
}

const inviteAdmin = async (session: CliSession, slug: string, email: string) => {
  const invited = await createInvitation(await session.commands(slug), { email, role: 'admin' })
  if (isProblem(invited)) throw refuse(invited, ([field]) => OPTIONS[field ?? ''])
  return {
    link: invitationLink(readPublicUrl(process.env), invited),
    expiresAt: invited.expiresAt.toString(),
  }
}

const describe = (row: Awaited<ReturnType<typeof listOrganizations>>[number]) => ({
  id: encodeId('organization', row.id),
  slug: row.slug,
  name: row.name,
  baseCurrency: row.baseCurrency,
  timeZone: row.timeZone,
  demo: row.demo,
})
