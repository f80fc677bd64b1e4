import type { Command } from 'commander'
import { importRates, type RatesReport } from '../imports/rates.ts'
import { describeProblem } from '../imports/report.ts'
import type { CliSession } from './session.ts'

type RatesOptions = { readonly organization: string; readonly dryRun: boolean }

/** `tidemark import rates`: a verb of the noun that import.ts makes. */
export const addRates = (noun: Command, session: CliSession): void => {
  noun
    .command('rates')
    .description(
      'imports exchange rates: what one unit of a currency is worth in the base currency from a day on',
    )
    .argument('<file>', 'a CSV with the columns currency, date (2026-01-31), rate and, if you like, source')
    .requiredOption('--organization <slug>', 'whose books')
    .option('--dry-run', 'do all of it, tell what came of it, and undo it', false)
    .action(async (file: string, { organization, dryRun }: RatesOptions) => {
      const commands = await session.commands(organization)
      const report = await importRates(commands, file, { dryRun })
      session.answer(describe(report, dryRun).join('\n'), { ...report, dryRun })
      if (report.outcome === 'REFUSED') process.exitCode = 1
    })
}

const describe = ({ outcome, rows, problems, problemCount }: RatesReport, dryRun: boolean): string[] => [
  ...problems.map(describeProblem),
  ...(problemCount > problems.length ? [`... and ${problemCount - problems.length} more problems`] : []),
  `${rows.read} rows read: ${rows.new} new, ${rows.changed} changed, ${rows.unchanged} unchanged, ${rows.rejected} rejected`,
  `${dryRun ? 'Dry run, nothing was written. The import would say: ' : ''}${CONCLUSIONS[outcome]}`,
]

const CONCLUSIONS: Readonly<Record<RatesReport['outcome'], string>> = {
  IMPORTED: 'Imported.',
  UNCHANGED: 'Nothing changed: these rates are known.',
  REFUSED: 'Refused, nothing was written. Correct the rows above.',
}
