/** `pnpm tidemark approvals list|show|approve|reject|comment|withdraw`: what waits for approval, decided at the command line. */
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { ApprovalRequestRow } from '@tidemark/drizzle/rows.ts'
import type { Command } from 'commander'
import { actorInWords } from '../access/actor-words.ts'
import { commentOnRequest, approveRequest, rejectRequest, withdrawRequest } from '../approval/commands.ts'
import { findRequest, listAllRequests, readRequirements, readSteps, stateOf } from '../approval/queries.ts'
import { summaryOf } from '../approval/words.ts'
import { PAGE_SIZE_MAX } from '../connection.ts'
import type { Who } from '../domain/authority.ts'
import { governedCommands } from '../governed-commands.ts'
import { encodeId } from '../ids.ts'
import { isProblem, type Problem } from '../problem.ts'
import type { ApprovalState } from '../schema.generated.ts'
import { readChoice, readInteger, spell } from './arguments.ts'
import { type CliSession, refuse } from './session.ts'
import { type CliView, inView, readAll } from './view.ts'

const STATES = ['PENDING', 'APPROVED', 'REJECTED', 'WITHDRAWN', 'EXPIRED', 'FAILED'] as const
const OPTIONS: Readonly<Record<string, string>> = {
  request: 'request',
  comment: '--comment',
  expectedVersion: '--expected-version',
  idempotencyKey: '--idempotency-key',
}

type OfOrganization = { readonly organization: string }
type Listing = OfOrganization & { readonly state: readonly ApprovalState[] }
type Saying = OfOrganization & { readonly idempotencyKey?: string; readonly dryRun: boolean }
type Deciding<Comment = string | undefined> = Saying & {
  readonly comment: Comment
  readonly expectedVersion?: number
}

export const registerApprovals = (program: Command, session: CliSession): void => {
  const noun = program
    .command('approvals')
    .description('what is above somebody’s authority, and waits for approval')
  addList(noun, session)
  addShow(noun, session)
  addApprove(noun, session)
  addReject(noun, session)
  addComment(noun, session)
  addWithdraw(noun, session)
}

const addList = (noun: Command, session: CliSession): void => {
  noun
    .command('list')
    .description('lists requests for approval, the latest first')
    .requiredOption('--organization <slug>', 'whose books')
    .option(
      '--state <state>',
      `only those in this state, once for each: ${spell(STATES).join(', ')}; pending if left out`,
      (text: string, before: readonly ApprovalState[]) => [...before, readChoice(STATES)(text)],
      [],
    )
    .action(async ({ organization, state }: Listing) => {
      const filter = { state: state.length === 0 ? (['PENDING'] as const) : state }
      const requests = await inView(await session.books(organization), async (view) => {
        const rows = await readAll((args) => listAllRequests(view, { ...args, filter }))
        return Promise.all(rows.map((row) => shownIn(view, row)))
      })
      const lines = requests.map(({ id, state: is, requestedAt, requestedBy, summary }) =>
        [id, spell([is])[0], requestedAt, requestedBy, summary].join('\t'),
      )
      session.answer(lines.length === 0 ? 'There is no such request.' : lines.join('\n'), requests)
    })
}

const shownIn = async (view: CliView, row: ApprovalRequestRow) => ({
  id: encodeId('approvalRequest', row.id),
  state: stateOf(row, view.now),
  command: row.command,
  summary: summaryOf(row, await view.loaders.approvalStep.load(row.id)),
  reason: row.reason,
  requestedBy: await actorInWords(row.requestedBy, view.loaders),
  requestedAt: row.requestedAt.toString(),
  expiresAt: row.expiresAt.toString(),
  stepCount: row.stepCount,
  failure: row.failure,
  version: row.version,
})

const addShow = (noun: Command, session: CliSession): void => {
  noun
    .command('show')
    .description('shows what a request would do, what it still needs, and what was said')
    .argument('<request>', 'its id')
    .requiredOption('--organization <slug>', 'whose books')
    .action(async (id: string, { organization }: OfOrganization) => {
      const shown = await inView(await session.books(organization), async (view) => {
        const row = await findRequest(view, id)
        if (row === null) throw new OperatorError(`There is no request with id ${id}.`)
        return detailsIn(view, row)
      })
      session.answer(detailsInWords(shown).join('\n'), shown)
    })
}

const detailsIn = async (view: CliView, row: ApprovalRequestRow) => {
  const { loaders } = view
  const [shown, steps, requirements, events] = await Promise.all([
    shownIn(view, row),
    readSteps(view, row.id, { first: PAGE_SIZE_MAX, skip: 0 }),
    readRequirements(view, row),
    loaders.approvalEvents.load(row.id),
  ])
  return {
    ...shown,
    steps: await Promise.all(
      steps.map(async ({ row: place, action, customerId, subject, before, after }) => ({
        row: place,
        action,
        customer: (await loaders.customer.load(customerId))?.number ?? null,
        subject,
        before,
        after,
      })),
    ),
    requirements: await Promise.all(
      requirements.map(async ({ action, approvers, approvals, lacking }) => ({
        action,
        approvers: await Promise.all(approvers.map((who) => whoInWords(view, who))),
        approvals,
        lacking,
      })),
    ),
    events: await Promise.all(
      events.map(async ({ kind, actor, recordedAt, comment }) => ({
        kind,
        by: await actorInWords(actor, loaders),
        at: recordedAt.toString(),
        comment,
      })),
    ),
  }
}

const whoInWords = async ({ loaders }: CliView, who: Who): Promise<string> => {
  switch (who.kind) {
    case 'ANYONE':
      return 'anyone'
    case 'ROLE':
      return who.role
    case 'PERSON':
      return actorInWords(`member:${who.id}`, loaders)
    case 'TOKEN':
      return actorInWords(`token:${who.id}`, loaders)
  }
}

const detailsInWords = (shown: Awaited<ReturnType<typeof detailsIn>>): string[] => [
  shown.summary,
  `${spell([shown.state])[0]}, version ${shown.version}, expires ${shown.expiresAt}`,
  `asked for by ${shown.requestedBy} at ${shown.requestedAt}${shown.reason === null ? '' : `: ${shown.reason}`}`,
  ...(shown.failure === null ? [] : [`failed: ${shown.failure}`]),
  ...shown.steps.map(
    ({ customer, subject, before, after }) =>
      `  ${[customer, subject].filter((part) => part !== null).join(' ')}: ${before ?? '-'} -> ${after ?? '-'}`,
  ),
  ...(shown.stepCount > shown.steps.length ? [`  and ${shown.stepCount - shown.steps.length} more`] : []),
  ...(shown.state === 'PENDING' ? shown.requirements.flatMap(lackingInWords) : []),
  ...shown.events.map(
    ({ kind, by, at, comment }) =>
      `${at}\t${by}\t${kind.toLowerCase()}${comment === null ? '' : `\t${comment}`}`,
  ),
]

const lackingInWords = ({ approvers, lacking }: { approvers: readonly string[]; lacking: number }) =>
  lacking === 0 ? [] : [`needs ${lacking} of ${approvers.join(', ')}`]

/** What every command has that changes something about a request. */
const saying = (command: Command): Command =>
  command
    .argument('<request>', 'its id')
    .requiredOption('--organization <slug>', 'whose books')
    .option('--idempotency-key <key>', 'the same key and input are carried out once, however often')
    .option('--dry-run', 'do all of it, tell what came of it, and undo it', false)

const deciding = (command: Command): Command =>
  saying(command).option(
    '--expected-version <number>',
    'refuse where the request is at another version',
    readInteger,
  )

const addApprove = (noun: Command, session: CliSession): void => {
  deciding(
    noun
      .command('approve')
      .description('approves a request; with the last approval that it needs it is carried out'),
  )
    .option('--comment <text>', 'what there is to say about it')
    .action(async (request: string, options: Deciding) => {
      const { dryRun } = options
      const commands = await session.commands(options.organization)
      const approved = await approveRequest(governedCommands)(commands, inputOf(request, options))
      if (isProblem(approved)) throw refuseRequest(approved)
      const { state, failure } = approved
      session.answer(`${dryRun ? DRY : ''}${outcomeInWords(state, failure)}`, {
        request,
        state,
        failure,
        dryRun,
      })
      process.exitCode = state === 'APPROVED' ? 0 : state === 'PENDING' ? 2 : 1
    })
}

const DRY = 'Dry run, nothing was written. The approval would say: '

const outcomeInWords = (state: ApprovalState, failure: string | null): string =>
  state === 'APPROVED'
    ? 'It is approved and carried out.'
    : state === 'PENDING'
      ? 'The approval counts; it needs more of them before it is carried out.'
      : `It is approved, but cannot be carried out any more: ${failure ?? ''}`

const addReject = (noun: Command, session: CliSession): void => {
  deciding(noun.command('reject').description('rejects a request, which ends it'))
    .requiredOption('--comment <text>', 'why')
    .action(async (request: string, options: Deciding<string>) => {
      const input = inputOf(request, options)
      const rejected = await rejectRequest(await session.commands(options.organization), input)
      answerEnded(session, input, rejected, 'REJECTED', 'rejected')
    })
}

const addWithdraw = (noun: Command, session: CliSession): void => {
  deciding(noun.command('withdraw').description('takes back a request that was made at the command line'))
    .option('--comment <text>', 'what there is to say about it')
    .action(async (request: string, options: Deciding) => {
      const input = inputOf(request, options)
      const withdrawn = await withdrawRequest(await session.commands(options.organization), input)
      answerEnded(session, input, withdrawn, 'WITHDRAWN', 'taken back')
    })
}

const inputOf = <Comment>(
  request: string,
  { comment, expectedVersion, idempotencyKey, dryRun }: Deciding<Comment>,
) => ({
  request,
  comment,
  expectedVersion,
  idempotencyKey,
  dryRun,
})

const answerEnded = (
  session: CliSession,
  { request, dryRun }: { readonly request: string; readonly dryRun: boolean },
  outcome: object | Problem,
  state: ApprovalState,
  ended: string,
): void => {
  if (isProblem(outcome)) throw refuseRequest(outcome)
  const told = dryRun ? `Dry run, nothing was written. It would be ${ended}.` : `It is ${ended}.`
  session.answer(told, { request, state, dryRun })
}

const addComment = (noun: Command, session: CliSession): void => {
  saying(noun.command('comment').description('says something about a request, also where it is decided'))
    .requiredOption('--comment <text>', 'what')
    .action(async (request: string, options: Saying & { readonly comment: string }) => {
      const { comment, idempotencyKey, dryRun } = options
      const commands = await session.commands(options.organization)
      const said = await commentOnRequest(commands, { request, comment, idempotencyKey, dryRun })
      if (isProblem(said)) throw refuseRequest(said)
      const told = dryRun ? 'Dry run, nothing was written. It would be said.' : 'It is said.'
      session.answer(told, { request, dryRun })
    })
}

/** The command line is one actor, whoever sits at it: what was asked for there cannot be approved there. */
const refuseRequest = (problem: Problem): OperatorError => {
  const isOwn = problem.code === 'BEYOND_AUTHORITY' && problem.message.startsWith('Nobody can')
  const told = isOwn
    ? `${problem.message}. It was asked for at the command line: somebody who may has to decide it in the dashboard, on the page of requests`
    : problem.message
  return refuse({ ...problem, message: told }, ([field]) => OPTIONS[field ?? ''])
}
