import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { Command } from 'commander'
import { importOrders, type LineResult } from '../order/import.ts'
import { isProblem } from '../problem.ts'
import { readTextFile } from './files.ts'
import type { CliSession } from './session.ts'

type Options = {
  readonly organization: string
  readonly partial: boolean
  readonly dryRun: boolean
  readonly idempotencyKey?: string
}

/** `pnpm tidemark import orders`. */
export const addOrders = (noun: Command, session: CliSession): void => {
  noun
    .command('orders')
    .description('records the orders of a CSV; those that are there already stay as they are')
    .argument(
      '<file>',
      'a CSV with the columns number, customer and amount and, if you like, currency and ordered_on',
    )
    .requiredOption('--organization <slug>', 'whose books')
    .option('--partial', 'record what can be recorded where lines are refused; else nothing is', false)
    .option('--idempotency-key <key>', 'the same key and input are carried out once, however often')
    .option('--dry-run', 'do all of it, tell what came of it, and undo it', false)
    .action(async (file: string, { organization, partial, dryRun, idempotencyKey }: Options) => {
      const csv = await readTextFile(file)
      const commands = await session.commands(organization)
      const outcome = await importOrders(commands, { csv, partial, dryRun, idempotencyKey })
      if (isProblem(outcome)) throw new OperatorError(`${file}: ${outcome.message}`)
      const isRefused = !('audit' in outcome)
      const { recorded, unchanged, refused } = outcome
      const unusedColumns = isRefused ? [] : outcome.unusedColumns
      const would = dryRun ? 'Dry run, nothing was written. The import would say: ' : ''
      const conclusion = isRefused
        ? `Refused, nothing was recorded: ${refused} of ${recorded + unchanged + refused} lines cannot be. Correct them, or record the others with --partial.`
        : `${recorded} recorded, ${unchanged} unchanged, ${refused} refused.`
      session.answer(
        [
          ...outcome.results.flatMap(problemsInWords),
          ...(unusedColumns.length === 0 ? [] : [`Columns not used: ${unusedColumns.join(', ')}`]),
          `${would}${conclusion}`,
        ].join('\n'),
        {
          outcome: isRefused
            ? 'REFUSED'
            : refused > 0
              ? 'PARTLY_RECORDED'
              : recorded > 0
                ? 'RECORDED'
                : 'UNCHANGED',
          recorded,
          unchanged,
          refused,
          lines: outcome.results,
          unusedColumns,
          dryRun,
        },
      )
      process.exitCode = isRefused ? 1 : refused > 0 ? 2 : 0
    })
}

const problemsInWords = ({ line, problems }: LineResult): string[] =>
  problems.map(
    ({ path, message }) => `line ${line}${path.length === 0 ? '' : `, ${path.join('.')}`}: ${message}`,
  )
