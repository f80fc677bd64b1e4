import type { Command } from 'commander'
import type { CommandContext } from '../command.ts'
import { importMetricValues } from '../imports/metric-values.ts'
import { importRates } from '../imports/rates.ts'
import { describeProblem } from '../imports/report.ts'
import type { SeriesReport } from '../imports/series.ts'
import type { CliSession } from './session.ts'

type SeriesOptions = { readonly organization: string; readonly dryRun: boolean }

type Verb = {
  readonly name: string
  readonly description: string
  readonly file: string
  readonly run: (
    context: CommandContext,
    path: string,
    options: { readonly dryRun: boolean },
  ) => Promise<SeriesReport>
}

const VERBS: readonly Verb[] = [
  {
    name: 'rates',
    description:
      'imports exchange rates: what one unit of a currency is worth in the base currency from a day on',
    file: 'a CSV with the columns currency, date (2026-01-31), rate and, if you like, source',
    run: importRates,
  },
  {
    name: 'metrics',
    description: 'imports numbers from outside the books, such as the cost of collection, for KPIs and goals',
    file: 'a CSV with the columns metric, date (2026-01-31), value and, if you like, currency and source',
    run: importMetricValues,
  },
]

/** `tidemark import rates` and `import metrics`: verbs of the noun that import.ts makes. */
export const addSeries = (noun: Command, session: CliSession): void => {
  for (const { name, description, file: about, run } of VERBS) {
    noun
      .command(name)
      .description(description)
      .argument('<file>', about)
      .requiredOption('--organization <slug>', 'whose books')
      .option('--dry-run', 'do all of it, tell what came of it, and undo it', false)
      .action(async (file: string, { organization, dryRun }: SeriesOptions) => {
        const commands = await session.commands(organization)
        const report = await run(commands, file, { dryRun })
        session.answer(describe(report, dryRun).join('\n'), { ...report, dryRun })
        if (report.outcome === 'REFUSED') process.exitCode = 1
      })
  }
}

const describe = ({ outcome, rows, problems, problemCount }: SeriesReport, dryRun: boolean): string[] => [
  ...problems.map(describeProblem),
  ...(problemCount > problems.length ? [`... and ${problemCount - problems.length} more problems`] : []),
  `${rows.read} rows read: ${rows.new} new, ${rows.changed} changed, ${rows.unchanged} unchanged, ${rows.rejected} rejected`,
  `${dryRun ? 'Dry run, nothing was written. The import would say: ' : ''}${CONCLUSIONS[outcome]}`,
]

const CONCLUSIONS: Readonly<Record<SeriesReport['outcome'], string>> = {
  IMPORTED: 'Imported.',
  UNCHANGED: 'Nothing changed: all of it is known.',
  REFUSED: 'Refused, nothing was written. Correct the rows above.',
}
