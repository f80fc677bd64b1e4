/** `pnpm tidemark credit applications list|show|submit|decide`: who asks for credit, at the command line. */
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { CreditApplicationRow } from '@tidemark/drizzle/rows.ts'
import type { Command } from 'commander'
import { coerceInputValue, isInputType } from 'graphql'
import { actorInWords } from '../access/actor-words.ts'
import { isAsked } from '../authority/asked.ts'
import { decideCreditApplication } from '../credit/application/decide.ts'
import type { StoredFacts, StoredScore } from '../credit/application/facts.ts'
import { findApplication, listApplications } from '../credit/application/queries.ts'
import { submitCreditApplication } from '../credit/application/submit.ts'
import { dateOf, type Day } from '../domain/day.ts'
import { formatMinor } from '../domain/money.ts'
import { encodeId } from '../ids.ts'
import { isProblem, type Problem } from '../problem.ts'
import { scalars } from '../scalars.ts'
import { createSchema } from '../schema.ts'
import type { CreditVerdictInput, SubmitCreditApplicationInput } from '../schema.generated.ts'
import { readChoice, readDay, readInteger, spell } from './arguments.ts'
import { answerAsked } from './asked.ts'
import { readTextFile } from './files.ts'
import { type CliSession, refuse } from './session.ts'
import { type CliView, inView, readAll } from './view.ts'

const STATUSES = ['SUBMITTED', 'APPROVED', 'APPROVED_IN_PART', 'DECLINED', 'WITHDRAWN'] as const
const RISK_CLASSES = ['LOW', 'MEDIUM', 'HIGH'] as const
type Status = (typeof STATUSES)[number]

type OfOrganization = { readonly organization: string }
type Listing = OfOrganization & { readonly status: readonly Status[]; readonly customer?: string }
type Writing = OfOrganization & { readonly idempotencyKey?: string; readonly dryRun: boolean }
type Deciding = Writing & {
  readonly decline?: boolean
  readonly limit?: string
  readonly termsDays?: number
  readonly nextReviewOn?: Day
  readonly until?: Day
  readonly riskClass?: (typeof RISK_CLASSES)[number]
  readonly customer?: string
  readonly reason: readonly string[]
  readonly expectedVersion?: number
}

export const addApplications = (credit: Command, session: CliSession): void => {
  const noun = credit.command('applications').description('who asks for credit')
  addList(noun, session)
  addShow(noun, session)
  addSubmit(noun, session)
  addDecide(noun, session)
}

const addList = (noun: Command, session: CliSession): void => {
  noun
    .command('list')
    .description('lists who asked for credit, the latest first')
    .requiredOption('--organization <slug>', 'whose books')
    .option(
      '--status <status>',
      `only those that stand so, once for each: ${spell(STATUSES).join(', ')}; all if left out`,
      (text: string, before: readonly Status[]) => [...before, readChoice(STATUSES)(text)],
      [],
    )
    .option('--customer <number>', 'only of this customer')
    .action(async ({ organization, status, customer: number }: Listing) => {
      const applications = await inView(await session.books(organization), async (view) => {
        const rows = await readAll((args) =>
          listApplications(view, {
            ...args,
            status: status.length === 0 ? null : status,
            customer: number === undefined ? null : { number },
          }),
        )
        return Promise.all(rows.map((row) => shownIn(view, row)))
      })
      const lines = applications.map((one) =>
        [
          one.id,
          spell([one.status])[0],
          one.submittedAt,
          `${one.requestedLimit.amount} ${one.requestedLimit.currency}`,
          `score ${one.score.score}`,
          one.legalName,
        ].join('\t'),
      )
      session.answer(lines.length === 0 ? 'There is no such application.' : lines.join('\n'), applications)
    })
}

const shownIn = async ({ loaders }: CliView, row: CreditApplicationRow) => {
  const { customerId, currency, granted, decidedAt, decidedBy } = row
  // Commands write nothing else there.
  const facts = row.facts as StoredFacts
  const score = row.score as StoredScore
  const money = (minor: bigint) => ({ amount: formatMinor({ minor, currency }), currency })
  return {
    id: encodeId('creditApplication', row.id),
    status: row.status,
    customer: customerId === null ? null : ((await loaders.customer.load(customerId))?.number ?? null),
    ...facts,
    annualRevenue: { amount: facts.annualRevenue, currency },
    requestedLimit: money(row.requested),
    requestedTermsDays: row.requestedTermsDays,
    submittedAt: row.submittedAt.toString(),
    submittedBy: await actorInWords(row.submittedBy, loaders),
    score: { ...score, proposedLimit: { amount: score.proposedLimit, currency } },
    decision:
      decidedAt === null
        ? null
        : {
            decidedAt: decidedAt.toString(),
            decidedBy: await actorInWords(decidedBy ?? '', loaders),
            limit: granted === null ? null : money(granted),
            termsDays: row.grantedTermsDays,
            reasons: row.reasons as readonly string[],
            businessDays: row.businessDays,
          },
    version: row.version,
  }
}

type Shown = Awaited<ReturnType<typeof shownIn>>

const addShow = (noun: Command, session: CliSession): void => {
  noun
    .command('show')
    .description('shows an application: who asks, its score, and what was decided')
    .argument('<application>', 'its id')
    .requiredOption('--organization <slug>', 'whose books')
    .action(async (id: string, { organization }: OfOrganization) => {
      const shown = await inView(await session.books(organization), async (view) => {
        const row = await findApplication(view, id)
        if (row === null) throw new OperatorError(`There is no application with id ${id}.`)
        return shownIn(view, row)
      })
      session.answer(detailsInWords(shown).join('\n'), shown)
    })
}

const moneyInWords = ({ amount, currency }: Shown['requestedLimit']): string => `${amount} ${currency}`

const detailsInWords = (shown: Shown): string[] => {
  const { score, decision } = shown
  return [
    `${shown.legalName}${shown.customer === null ? ', no customer yet' : `, customer ${shown.customer}`}`,
    `${spell([shown.status])[0]}, version ${shown.version}`,
    `asks for ${moneyInWords(shown.requestedLimit)} at ${shown.requestedTermsDays} days`,
    `registered as ${shown.registrationNumber}, founded on ${shown.foundedOn}, sells ${moneyInWords(shown.annualRevenue)} a year`,
    `contact ${shown.contactName}, ${shown.contactEmail}, ${shown.address}`,
    ...shown.references.map(
      ({ kind, name, contact, experience }) =>
        `${kind.toLowerCase()} reference ${name}, ${contact}: ${experience === null ? 'not heard' : experience.toLowerCase()}`,
    ),
    `submitted by ${shown.submittedBy} at ${shown.submittedAt}`,
    ...scoreInWords(score),
    ...(decision === null
      ? []
      : [
          `decided by ${decision.decidedBy} at ${decision.decidedAt}: ${decision.limit === null ? 'nothing granted' : `${moneyInWords(decision.limit)} at ${decision.termsDays} days`}`,
          ...decision.reasons.map((reason) => `  ${reason}`),
        ]),
  ]
}

const scoreInWords = (score: Shown['score']): string[] => [
  `score ${score.score}: ${score.recommendation.toLowerCase()}, ${score.riskClass.toLowerCase()} risk, ${moneyInWords(score.proposedLimit)} at ${score.proposedTermsDays} days proposed`,
  ...score.lines.map(
    ({ name, value, points, contribution }) =>
      `  ${name}: ${value ?? 'unknown'}, ${points} points, contributes ${contribution}`,
  ),
]

/** What every command has that changes something. */
const writing = (command: Command): Command =>
  command
    .requiredOption('--organization <slug>', 'whose books')
    .option('--idempotency-key <key>', 'the same key and input are carried out once, however often')
    .option('--dry-run', 'do all of it, tell what came of it, and undo it', false)

const addSubmit = (noun: Command, session: CliSession): void => {
  writing(
    noun
      .command('submit')
      .description('enters an application, scored at once; what it lacks is told field by field')
      .argument('<file>', 'JSON with the fields of the API’s SubmitCreditApplicationInput'),
  ).action(async (file: string, { organization, idempotencyKey, dryRun }: Writing) => {
    const input = readInput(file, await readTextFile(file))
    const commands = await session.commands(organization)
    const submitted = await submitCreditApplication(commands, { ...input, idempotencyKey, dryRun })
    if (isProblem(submitted)) throw refuse(submitted, ([field]) => OPTIONS[field ?? ''])
    if ('faults' in submitted) {
      const { message, faults } = submitted
      const lines = faults.map(({ path, message: fault }) => `${path.join('.')}: ${fault}`)
      session.answer([...lines, `Refused, nothing was kept. ${message}.`].join('\n'), {
        outcome: 'REFUSED',
        message,
        faults,
        dryRun,
      })
      process.exitCode = 1
      return
    }
    const { applicationId, score, currency } = submitted
    const id = dryRun ? null : encodeId('creditApplication', applicationId)
    const shown = { ...score, proposedLimit: { amount: score.proposedLimit, currency } }
    const told = id === null ? 'Dry run, nothing was written. The application is complete.' : id
    session.answer([told, ...scoreInWords(shown)].join('\n'), { id, score: shown, dryRun })
  })
}

/** As the API would read it, so that a field that it does not know is told instead of passed over. */
const readInput = (file: string, text: string): SubmitCreditApplicationInput => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new OperatorError(`${file} is no JSON: ${(cause as Error).message}`, { cause })
  }
  const type = createSchema(scalars).getType('SubmitCreditApplicationInput')
  if (!isInputType(type)) throw new Error('The contract has no such input')
  const faults: string[] = []
  const input = coerceInputValue(value, type, (path, _value, { message }) => {
    faults.push(path.length === 0 ? message : `${path.join('.')}: ${message}`)
  })
  if (faults.length > 0) throw new OperatorError(faults.map((fault) => `${file}: ${fault}`).join('\n'))
  return input as SubmitCreditApplicationInput
}

const OPTIONS: Readonly<Record<string, string>> = {
  application: 'application',
  reasons: '--reason',
  expectedVersion: '--expected-version',
  idempotencyKey: '--idempotency-key',
  customer: '--customer',
  limit: '--limit',
  until: '--until',
  termsDays: '--terms-days',
  riskClass: '--risk-class',
  nextReviewOn: '--next-review-on',
}

const addDecide = (noun: Command, session: CliSession): void => {
  writing(
    noun
      .command('decide')
      .description('grants credit or declines it; what is above one’s authority waits for approval')
      .argument('<application>', 'its id'),
  )
    .requiredOption(
      '--reason <text>',
      'why, once for each reason; those of a decline are told to who asked',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option('--decline', 'grant nothing')
    .option('--limit <amount>', 'grant this, in the currency that was asked for')
    .option('--terms-days <number>', 'days of terms that are granted with it', readInteger)
    .option('--next-review-on <date>', 'when the credit has to be reviewed next', readDay)
    .option('--until <date>', 'the last day of the limit; for good if left out', readDay)
    .option(
      '--risk-class <class>',
      `${spell(RISK_CLASSES).join(', ')}; that of the score if left out`,
      readChoice(RISK_CLASSES),
    )
    .option('--customer <number>', 'who gets it, where who asked was no customer yet')
    .option('--expected-version <number>', 'refuse where the application is at another version', readInteger)
    .action(async (application: string, options: Deciding) => {
      const { reason: reasons, expectedVersion, idempotencyKey, dryRun, organization } = options
      const books = await session.books(organization)
      const row = await inView(books, (view) => findApplication(view, application))
      if (row === null) throw new OperatorError(`There is no application with id ${application}.`)
      const decided = await decideCreditApplication(await session.commands(organization), {
        application,
        decision: verdictOf(options, row.currency),
        reasons: [...reasons],
        expectedVersion,
        idempotencyKey,
        dryRun,
      })
      if (isProblem(decided)) throw refuseDecision(decided)
      if (isAsked(decided)) return answerAsked(session, decided)
      const { status, version } = decided.changes
      session.answer(
        `${dryRun ? 'Dry run, nothing was written. It would be: ' : ''}${spell([status])[0]}, version ${version}`,
        { application, status, version, dryRun },
      )
    })
}

/** Throws an OperatorError where neither or both are said, or what is granted is not said in full. */
const verdictOf = (options: Deciding, currency: string): CreditVerdictInput => {
  const { decline = false, limit, termsDays, nextReviewOn, until, riskClass, customer: number } = options
  if (decline === (limit !== undefined))
    throw new OperatorError('Say either --decline, or --limit with what is granted.')
  if (limit === undefined) return { decline: true }
  if (termsDays === undefined) throw new OperatorError('--terms-days: say it with --limit.')
  if (nextReviewOn === undefined) throw new OperatorError('--next-review-on: say it with --limit.')
  return {
    approve: {
      limit: { amount: limit, currency },
      termsDays,
      nextReviewOn: dateOf(nextReviewOn),
      until: until === undefined ? null : dateOf(until),
      riskClass: riskClass ?? null,
      customer: number === undefined ? null : { number },
    },
  }
}

/** What is granted is told by its option: `decision.approve.limit` is --limit. */
const refuseDecision = (problem: Problem): OperatorError =>
  refuse(problem, ([field, , part]) => OPTIONS[(field === 'decision' ? part : field) ?? ''])
