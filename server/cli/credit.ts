/** `pnpm tidemark credit set|import|show|history|applications`: what a script does with credit limits, at the command line. */
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'
import type { Command } from 'commander'
import { actorInWords } from '../access/actor-words.ts'
import { isAsked } from '../authority/asked.ts'
import { listCreditLimitChanges } from '../credit/changes.ts'
import { importCreditLimits } from '../credit/import.ts'
import { storeCreditLimit, type StoredCreditLimit } from '../credit/limit.ts'
import { setCreditLimit } from '../credit/set.ts'
import type { Counts } from '../credit/set-many.ts'
import type { RowResult } from '../credit/batch.ts'
import { dateAt } from '../domain/calendar.ts'
import { isReviewOverdue, scheduleFrom, type LimitSpan } from '../domain/credit-limit.ts'
import { dateOf, dayOf, formatDay, type Day } from '../domain/day.ts'
import { selectCustomer } from '../ledger/find.ts'
import { isProblem, type Problem } from '../problem.ts'
import type { CreditLimitInput } from '../schema.generated.ts'
import { readDay, readInteger } from './arguments.ts'
import { answerAsked, DRY_RUN } from './asked.ts'
import { addApplications } from './credit-applications.ts'
import { readTextFile } from './files.ts'
import { type Books, type CliSession, refuse } from './session.ts'
import { type CliView, inView, readAll } from './view.ts'

const OPTIONS: Readonly<Record<string, string>> = {
  customer: 'customer',
  limit: '--limit',
  effectiveOn: '--effective-on',
  until: '--until',
  reason: '--reason',
  expectedVersion: '--expected-version',
  idempotencyKey: '--idempotency-key',
}

type OfOrganization = { readonly organization: string }
type Writing = OfOrganization & {
  readonly reason: string
  readonly idempotencyKey?: string
  readonly dryRun: boolean
}
type Setting = Writing & {
  readonly limit: string
  readonly currency?: string
  readonly effectiveOn?: Day
  readonly until?: Day
  readonly expectedVersion?: number
}
type Importing = Writing & { readonly partial: boolean }

export const registerCredit = (program: Command, session: CliSession): void => {
  const noun = program.command('credit').description('credit limits of customers')
  addSet(noun, session)
  addImport(noun, session)
  addShow(noun, session)
  addHistory(noun, session)
  addApplications(noun, session)
}

const CUSTOMER = 'the customer’s number'

/** What every command has that sets limits. */
const writing = (command: Command): Command =>
  command
    .requiredOption('--organization <slug>', 'whose books')
    .requiredOption('--reason <text>', 'why, for the audit')
    .option('--idempotency-key <key>', 'the same key and input are carried out once, however often')
    .option('--dry-run', 'do all of it, tell what came of it, and undo it', false)

const addSet = (noun: Command, session: CliSession): void => {
  writing(noun.command('set').description('sets the limit of a customer').argument('<customer>', CUSTOMER))
    .requiredOption(
      '--limit <limit>',
      'an amount such as 1500.00 (0: prepayment only), unlimited, or not-set',
    )
    .option('--currency <code>', 'of the amount; the base currency if left out')
    .option('--effective-on <date>', 'the first day on which it holds; today if left out', readDay)
    .option('--until <date>', 'the last day of a temporary limit', readDay)
    .option('--expected-version <number>', 'refuse where the customer is at another version', readInteger)
    .action(async (number: string, options: Setting) => {
      const { reason, effectiveOn, until, expectedVersion, idempotencyKey, dryRun } = options
      const commands = await session.commands(options.organization)
      const set = await setCreditLimit(commands, {
        customer: { number },
        limit: limitOf(options, commands.organization.baseCurrency),
        reason,
        effectiveOn: effectiveOn === undefined ? null : dateOf(effectiveOn),
        until: until === undefined ? null : dateOf(until),
        expectedVersion,
        idempotencyKey,
        dryRun,
      })
      if (isProblem(set)) throw refuseCredit(set)
      if (isAsked(set)) return answerAsked(session, set)
      const { previous, current, version, limits } = set
      const today = dayOf(dateAt(commands.now, commands.organization.timeZone))
      const schedule = scheduleFrom(limits, today).map(spanOf)
      session.answer([...(dryRun ? [DRY_RUN] : []), ...schedule.map(spanInWords)].join('\n'), {
        customer: number,
        previous,
        current,
        schedule,
        version,
        dryRun,
      })
    })
}

const addImport = (noun: Command, session: CliSession): void => {
  const about =
    'a CSV with the columns customer and limit and, if you like, currency, effective_on, until, reason and expected_version'
  writing(noun.command('import').description('sets the limits that a file has').argument('<file>', about))
    .option('--partial', 'set what can be set where lines are refused; else nothing is', false)
    .action(async (file: string, options: Importing) => {
      const { reason, partial, idempotencyKey, dryRun } = options
      const csv = await readTextFile(file)
      const commands = await session.commands(options.organization)
      const outcome = await importCreditLimits(commands, { csv, reason, partial, idempotencyKey, dryRun })
      if (isProblem(outcome)) throw new OperatorError(`${file}: ${outcome.message}`)
      if (isAsked(outcome)) return answerAsked(session, outcome)
      const isRefused = 'code' in outcome
      const { set, unchanged, refused, awaitingApproval } = outcome
      const isPart = refused > 0 || awaitingApproval > 0
      const unusedColumns = isRefused ? [] : outcome.unusedColumns
      session.answer(
        [
          ...outcome.results.flatMap(rowInWords),
          ...(unusedColumns.length === 0 ? [] : [`Columns not used: ${unusedColumns.join(', ')}`]),
          conclusionOf(outcome, isRefused, dryRun),
        ].join('\n'),
        {
          outcome: isRefused ? 'REFUSED' : isPart ? 'PARTLY_SET' : set > 0 ? 'SET' : 'UNCHANGED',
          set,
          unchanged,
          refused,
          awaitingApproval,
          requestId: isRefused ? null : (outcome.asked?.requestId ?? null),
          rows: outcome.results,
          unusedColumns,
          dryRun,
        },
      )
      process.exitCode = isRefused ? 1 : isPart ? 2 : 0
    })
}

const rowInWords = ({ row, customerNumber, outcome, previous, limit, problems }: RowResult): string[] =>
  outcome === 'REFUSED'
    ? problems.map(
        ({ path, message }) => `line ${row}${path.length === 0 ? '' : `, ${path.join('.')}`}: ${message}`,
      )
    : outcome === 'UNCHANGED'
      ? []
      : [
          `${customerNumber ?? ''}: ${limitInWords(previous)} -> ${limitInWords(limit)}${daysInWords(limit)}${outcome === 'SET' ? '' : ', waits for approval'}`,
        ]

const conclusionOf = (
  { set, unchanged, refused, awaitingApproval }: Counts,
  isRefused: boolean,
  dryRun: boolean,
): string => {
  const would = dryRun ? 'Dry run, nothing was written. The import would say: ' : ''
  const waiting = awaitingApproval === 0 ? '' : `, ${awaitingApproval} wait for approval`
  const told = `${set} set, ${unchanged} unchanged, ${refused} refused${waiting}`
  return isRefused
    ? `${would}Refused, nothing was set: ${refused} of ${set + unchanged + refused} lines cannot be. Correct them, or set the others with --partial.`
    : `${would}${told}.`
}

const addShow = (noun: Command, session: CliSession): void => {
  noun
    .command('show')
    .description('shows what is decided about the credit of a customer')
    .argument('<customer>', CUSTOMER)
    .requiredOption('--organization <slug>', 'whose books')
    .action(async (number: string, { organization }: OfOrganization) => {
      const shown = await inView(await session.books(organization), async (view) => {
        const row = await findCustomer(view, number)
        const today = dayOf(dateAt(view.now, view.organization.timeZone))
        const schedule = scheduleFrom(await view.loaders.creditLimits.load(row.id), today).map(spanOf)
        return { ...creditOf(row, today), schedule }
      })
      session.answer([...shown.schedule.map(spanInWords), ...detailsInWords(shown)].join('\n'), shown)
    })
}

const creditOf = (row: CustomerRow, today: Day) => ({
  customer: row.number,
  version: row.version,
  riskClass: row.riskClass,
  reviewedOn: row.creditReviewedOn?.toString() ?? null,
  nextReviewOn: row.nextCreditReviewOn?.toString() ?? null,
  isReviewOverdue: isReviewOverdue(
    row.nextCreditReviewOn === null ? null : dayOf(row.nextCreditReviewOn),
    today,
  ),
  hold:
    row.creditHoldSince === null
      ? null
      : { reason: row.creditHoldReason, since: row.creditHoldSince.toString() },
})

const detailsInWords = (shown: ReturnType<typeof creditOf>): string[] => [
  `version ${shown.version}`,
  ...(shown.riskClass === null ? [] : [`risk ${shown.riskClass.toLowerCase()}`]),
  ...(shown.nextReviewOn === null
    ? []
    : [`next review ${shown.nextReviewOn}${shown.isReviewOverdue ? ', overdue' : ''}`]),
  ...(shown.hold === null ? [] : [`held since ${shown.hold.since}: ${shown.hold.reason ?? ''}`]),
]

const addHistory = (noun: Command, session: CliSession): void => {
  noun
    .command('history')
    .description('lists how the limit of a customer was set, the latest first')
    .argument('<customer>', CUSTOMER)
    .requiredOption('--organization <slug>', 'whose books')
    .action(async (number: string, { organization }: OfOrganization) => {
      const changes = await inView(await session.books(organization), async (view) => {
        const { id } = await findCustomer(view, number)
        const rows = await readAll((args) => listCreditLimitChanges(view, id, args))
        return Promise.all(
          rows.map(async ({ recordedAt, actor, before, after, reason }) => ({
            changedAt: recordedAt.toString(),
            changedBy: await actorInWords(actor, view.loaders),
            previous: before,
            limit: after,
            reason,
          })),
        )
      })
      const lines = changes.map(
        ({ changedAt, changedBy, previous, limit, reason }) =>
          `${changedAt}\t${limitInWords(previous)} -> ${limitInWords(limit)}${daysInWords(limit)}\t${changedBy}\t${reason ?? ''}`,
      )
      session.answer(lines.length === 0 ? 'Its limit was never set.' : lines.join('\n'), changes)
    })
}

const findCustomer = async (
  { reader, organization }: Pick<CliView, 'reader'> & Pick<Books, 'organization'>,
  number: string,
): Promise<CustomerRow> => {
  const row = await reader.read((tx) => selectCustomer(tx, organization.id, { number }))
  if (row === null) throw new OperatorError(`There is no customer with number ${number}.`)
  return row
}

const spanOf = ({ from, through, ...limit }: LimitSpan) => ({
  from: formatDay(from),
  through: through === null ? null : formatDay(through),
  ...storeCreditLimit(limit),
})

const spanInWords = (span: ReturnType<typeof spanOf>): string =>
  `${span.from}${span.through === null ? ' on' : ` to ${span.through}`}: ${limitInWords(span)}`

const limitInWords = (limit: StoredCreditLimit | null): string =>
  limit === null || limit.state === 'NOT_SET'
    ? 'not set'
    : limit.state === 'UNLIMITED'
      ? 'unlimited'
      : `${limit.amount ?? ''} ${limit.currency ?? ''}`

/** Nothing where the limit holds for good from the day on which it was set. */
const daysInWords = (limit: StoredCreditLimit | null): string =>
  limit?.until == null ? '' : ` (until ${limit.until})`

const limitOf = ({ limit, currency }: Setting, baseCurrency: string): CreditLimitInput => {
  if (limit === 'unlimited') return { unlimited: true }
  if (limit === 'not-set') return { notSet: true }
  return { amount: { amount: limit, currency: currency?.toUpperCase() ?? baseCurrency } }
}

const refuseCredit = (problem: Problem): OperatorError =>
  refuse(problem, ([field, , part]) => (part === 'currency' ? '--currency' : OPTIONS[field ?? '']))
