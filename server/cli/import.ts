import type { Command } from 'commander'
import { importInvoices, type OnProgress, type Progress } from '../imports/commands.ts'
import { loadMapping } from '../imports/mapping.ts'
import { describeImport, exitCodeOf } from '../imports/report.ts'
import { addRates } from './rates.ts'
import type { CliSession } from './session.ts'

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
      const interrupt = new AbortController()
      const stop = () => interrupt.abort()
      // Once: whoever insists is not asked to wait for the statement that is running.
      process.once('SIGINT', stop)
      const bar = progressBar(process.stderr)
      try {
        const report = await importInvoices(commands, file, {
          mapping,
          partial: options.partial,
          dryRun: options.dryRun,
          rejectedFile: options.rejected,
          onProgress: bar.show,
          signal: interrupt.signal,
        })
        bar.clear()
        session.answer(describeImport(report, options.dryRun).join('\n'), {
          ...report,
          dryRun: options.dryRun,
        })
        process.exitCode = exitCodeOf(report)
      } catch (error) {
        bar.clear()
        if (!interrupt.signal.aborted) throw error
        session.note('Interrupted: nothing was written.')
        process.exitCode = 130
      } finally {
        process.off('SIGINT', stop)
      }
    })

  addRates(noun, session)
}

const PHASES: Readonly<Record<Progress['phase'], string>> = {
  READING: 'Reading ',
  CHECKING: 'Checking',
  POSTING: 'Posting ',
}
const BAR_WIDTH = 40
const REDRAW_EVERY_MS = 100

/** Draws on a terminal only. */
function progressBar(stream: NodeJS.WriteStream): { show: OnProgress; clear(): void } {
  let drawnAt = -Infinity
  return {
    show({ phase, share }) {
      if (!stream.isTTY || performance.now() - drawnAt < REDRAW_EVERY_MS) return
      drawnAt = performance.now()
      const filled = Math.round(share * BAR_WIDTH)
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
      stream.write(`\r${PHASES[phase]} ${bar} ${Math.floor(share * 100)} %\u001B[K`)
    },
    clear() {
      if (drawnAt > -Infinity) stream.write('\r\u001B[K')
    },
  }
}
