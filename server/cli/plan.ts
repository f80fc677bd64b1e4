/** `pnpm tidemark plan import|show`: the plan of sales, and the credit lines that it takes. */
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { Command } from 'commander'
import { dateOf, type Day } from '../domain/day.ts'
import { formatMinor, type Money } from '../domain/money.ts'
import { isProblem, type Problem } from '../problem.ts'
import { importSalesPlan } from '../sales-plan/commands.ts'
import { type CreditLineMonth, readCreditLinePlan } from '../sales-plan/queries.ts'
import { readDay, readInteger, readMonth } from './arguments.ts'
import { readTextFile } from './files.ts'
import { type CliSession, refuse } from './session.ts'
import { inView } from './view.ts'

type OfOrganization = { readonly organization: string }
type Importing = OfOrganization & {
  readonly reason: string
  readonly termsDays?: number
  readonly idempotencyKey?: string
  readonly dryRun: boolean
}
type Showing = OfOrganization & {
  readonly from?: Day
  readonly months: number
  readonly asOf?: Day
  readonly currency?: string
}

export const registerPlan = (program: Command, session: CliSession): void => {
  const noun = program.command('plan').description('the plan of sales, and the credit lines that it takes')
  addImport(noun, session)
  addShow(noun, session)
}

const OPTIONS: Readonly<Record<string, string>> = {
  reason: '--reason',
  termsDays: '--terms-days',
  idempotencyKey: '--idempotency-key',
}

const addImport = (noun: Command, session: CliSession): void => {
  noun
    .command('import')
    .description('records what is to be sold on credit, all lines of a file or none')
    .argument(
      '<file>',
      'a CSV with the columns month and planned and, if you like, channel, region, product_line, currency and terms_days',
    )
    .requiredOption('--organization <slug>', 'whose books')
    .requiredOption('--reason <text>', 'why, for the audit')
    .option('--terms-days <number>', 'days of terms for the lines that do not say', readInteger)
    .option('--idempotency-key <key>', 'the same key and input are carried out once, however often')
    .option('--dry-run', 'do all of it, tell what came of it, and undo it', false)
    .action(async (file: string, options: Importing) => {
      const { reason, termsDays, idempotencyKey, dryRun } = options
      const csv = await readTextFile(file)
      const commands = await session.commands(options.organization)
      const outcome = await importSalesPlan(commands, { csv, reason, termsDays, idempotencyKey, dryRun })
      if (isProblem(outcome)) throw refusePlan(file, outcome)
      if ('faults' in outcome) {
        const { message, faults } = outcome
        const lines = faults.map(
          ({ row, path, message: fault }) =>
            `line ${row}${path.length === 0 ? '' : `, ${path.join('.')}`}: ${fault}`,
        )
        session.answer([...lines, 'Refused, nothing was recorded. Correct these lines.'].join('\n'), {
          outcome: 'REFUSED',
          message,
          faults,
          dryRun,
        })
        process.exitCode = 1
        return
      }
      const { recorded, unchanged, unusedColumns } = outcome
      const would = dryRun ? 'Dry run, nothing was written. The import would say: ' : ''
      session.answer(
        [
          ...(unusedColumns.length === 0 ? [] : [`Columns not used: ${unusedColumns.join(', ')}`]),
          `${would}${recorded} recorded, ${unchanged} unchanged.`,
        ].join('\n'),
        { outcome: recorded > 0 ? 'RECORDED' : 'UNCHANGED', recorded, unchanged, unusedColumns, dryRun },
      )
    })
}

const refusePlan = (file: string, problem: Problem): OperatorError =>
  problem.path[0] === 'csv'
    ? new OperatorError(`${file}: ${problem.message}`)
    : refuse(problem, ([field]) => OPTIONS[field ?? ''])

const addShow = (noun: Command, session: CliSession): void => {
  noun
    .command('show')
    .description('shows what is planned, which credit lines that takes, and what of them is missing')
    .requiredOption('--organization <slug>', 'whose books')
    .option('--from <month>', 'the first month, such as 2027-01; that of today if left out', readMonth)
    .option('--months <number>', 'how many months, at most 24', readInteger, 3)
    .option('--as-of <date>', 'on which day credit is looked at; today if left out', readDay)
    .option('--currency <code>', 'of all amounts; the base currency if left out')
    .action(async (options: Showing) => {
      const { from, months, asOf, currency } = options
      const plan = await inView(await session.books(options.organization), ({ reader, organization, now }) =>
        reader.read((tx) =>
          readCreditLinePlan(tx, organization, {
            from: from === undefined ? null : dateOf(from),
            months,
            asOf: asOf === undefined ? null : dateOf(asOf),
            currency: currency?.toUpperCase(),
            now,
          }),
        ),
      )
      session.answer(plan.flatMap(monthInWords).join('\n'), plan.map(plainMonth))
    })
}

type Segment = CreditLineMonth['segments'][number]

const money = (of: Money): string => `${formatMinor(of)} ${of.currency}`

const nameOf = ({ channel, region }: Segment): string =>
  `${channel ?? 'all channels'}, ${region ?? 'all regions'}`

const shortfallInWords = (shortfall: Money): string =>
  shortfall.minor === 0n ? 'covered' : `${money(shortfall)} missing`

const monthInWords = ({ month, planned, needed, shortfall, segments }: CreditLineMonth): string[] => {
  const name = month.toString().slice(0, 7)
  if (segments.length === 0) return [`${name}: nothing planned`]
  return [
    `${name}: ${money(planned)} planned, ${money(needed)} of credit lines needed, ${shortfallInWords(shortfall)}`,
    ...segments.flatMap((segment) => [
      `  ${nameOf(segment)}: ${money(segment.planned)} planned, ${money(segment.needed)} needed, ${money(segment.exposure)} in use, ${money(segment.headroom)} headroom, ${shortfallInWords(segment.shortfall)}`,
      ...segment.lines.flatMap((line) =>
        line.productLine === null && segment.lines.length === 1
          ? []
          : [
              `    ${line.productLine ?? 'other product lines'}: ${money(line.planned)} planned, ${money(line.needed)} needed, ${shortfallInWords(line.shortfall)}`,
            ],
      ),
    ]),
  ]
}

/** Amounts as decimals of the currency, as the API tells them. */
const plain = (of: Money) => ({ amount: formatMinor(of), currency: of.currency })

const plainMonth = ({ month, planned, needed, shortfall, segments }: CreditLineMonth) => ({
  month: month.toString(),
  planned: plain(planned),
  needed: plain(needed),
  shortfall: plain(shortfall),
  segments: segments.map((segment) => ({
    channel: segment.channel,
    region: segment.region,
    planned: plain(segment.planned),
    needed: plain(segment.needed),
    exposure: plain(segment.exposure),
    headroom: plain(segment.headroom),
    shortfall: plain(segment.shortfall),
    lines: segment.lines.map((line) => ({
      productLine: line.productLine,
      planned: plain(line.planned),
      needed: plain(line.needed),
      shortfall: plain(line.shortfall),
    })),
  })),
})
