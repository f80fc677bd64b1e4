import type { Command } from 'commander'
import { importInvoices, type Progress } from '../imports/commands.ts'
import { loadMapping } from '../imports/mapping.ts'
import { describeImport, exitCodeOf } from '../imports/report.ts'
import { addOrders } from './orders.ts'
import { addSeries } from './series.ts'
import type { CliSession } from './session.ts'
import { takeTime } from './taking-time.ts'

type InvoicesOptions = {
  readonly organization: string
  readonly mapping: string
  readonly partial: boolean
  readonly dryRun: boolean
  readonly rejected?: string
}

export const registerImport = (program: Command, session: CliSession): void => {
  const noun = program
    .command('import')
    .description('brings the books up to date with files of other systems')

  noun
    .command('invoices')
    .description(
      'imports invoices, their payments and disputes from a CSV; a later export brings them up to date',
    )
    .argument('<file>', 'the CSV')
    .requiredOption('--organization <slug>', 'whose books')
    .option(
      '--mapping <name|file.json>',
      'which column is what: generic, ibm, xero, or a file of your own',
      'generic',
    )
    .option('--partial', 'take the good rows; the others go into a file, each with its reason', false)
    .option('--rejected <file>', 'where rejected rows go (default: books.rejected.csv beside books.csv)')
    .option('--dry-run', 'do all of it, tell what came of it, and undo it', false)
    .action(async (file: string, options: InvoicesOptions) => {
      const mapping = await loadMapping(options.mapping)
      const commands = await session.commands(options.organization)
      const report = await takeTime(session, ({ show, signal }) =>
        importInvoices(commands, file, {
          mapping,
          partial: options.partial,
          dryRun: options.dryRun,
          rejectedFile: options.rejected,
          onProgress: ({ phase, share }) => show(PHASES[phase], share),
          signal,
        }),
      )
      if (report === null) return
      session.answer(describeImport(report, options.dryRun).join('\n'), { ...report, dryRun: options.dryRun })
      process.exitCode = exitCodeOf(report)
    })

  addSeries(noun, session)
  addOrders(noun, session)
}

const PHASES: Readonly<Record<Progress['phase'], string>> = {
  READING: 'Reading ',
  CHECKING: 'Checking',
  POSTING: 'Posting ',
}
