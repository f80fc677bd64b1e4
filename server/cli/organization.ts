import type { Command } from 'commander'
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
}

type CreateOptions = {
  readonly slug: string
  readonly name: string
  readonly currency: string
  readonly timeZone: string
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
    .action(async ({ slug, name, currency, timeZone }: CreateOptions) => {
      const input = { slug, name, baseCurrency: currency, timeZone, demo: false }
      const created = await createOrganization(
        await session.connection(),
        input,
        TERMINAL,
        session.caller.agent,
      )
      if (isProblem(created)) throw refuse(created, ([field]) => OPTIONS[field ?? ''])
      session.answer(
        `Created organization ${slug} (${created.baseCurrency}, ${created.timeZone}).\n` +
          `Next: pnpm tidemark token create --organization ${slug} --scope write`,
        describe(created),
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

const describe = (row: Awaited<ReturnType<typeof listOrganizations>>[number]) => ({
  id: encodeId('organization', row.id),
  slug: row.slug,
  name: row.name,
  baseCurrency: row.baseCurrency,
  timeZone: row.timeZone,
  demo: row.demo,
})
