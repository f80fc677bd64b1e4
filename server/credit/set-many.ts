/** Many limits at once, out of a list or a file. */
import { readCreditPolicy } from '../ledger/credit-policy.ts'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import type { ApprovalAsked } from '../authority/asked.ts'
import { gateMany } from '../authority/gate.ts'
import { dayOf, type Day } from '../domain/day.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import { readRequiredText, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { CreditLimitRowInput, SetCreditLimitsInput } from '../schema.generated.ts'
import { limitProposal } from './authority.ts'
import {
  planBatch,
  writeBatch,
  type BatchPlan,
  type PartNames,
  type ReadRow,
  type RowResult,
} from './batch.ts'
import { ceilingOf } from './ceiling.ts'
import { readCreditLimit, readLimitDays } from './limit.ts'

export const ROWS_MAX = 10_000
/** Ten thousand take a second; who waits for locks takes longer. */
const TIMEOUT_MS = 60_000

export type Counts = {
  readonly set: number
  readonly unchanged: number
  readonly refused: number
  readonly awaitingApproval: number
}

export type CreditLimitsSet = Audited &
  Counts & {
    readonly results: readonly RowResult[]
    /** What was asked for the rows that wait; null where none does. */
    readonly asked: ApprovalAsked | null
  }

/** As the API answers. */
export type CreditLimitsShown = CreditLimitsSet & { readonly dryRun: boolean }

/** Nothing was written, for rows are refused. */
export type CreditLimitsRefused = Counts & {
  readonly __typename: 'CreditLimitsRefused'
  readonly message: string
  readonly code: 'INVALID'
  readonly path: readonly string[]
  readonly results: readonly RowResult[]
}

export type CreditLimitsOutcome = CreditLimitsSet | CreditLimitsRefused | ApprovalAsked | Problem

/** One limit for each of up to 10,000 customers: all of them or none, unless the input is `partial`. */
export async function setCreditLimits(
  context: CommandContext,
  input: SetCreditLimitsInput,
): Promise<CreditLimitsOutcome> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const { length } = input.rows
  if (length < 1 || length > ROWS_MAX) {
    return invalid(['rows'], `1 to ${ROWS_MAX.toLocaleString('en')} rows are taken at once, not ${length}`)
  }
  const today = dayOf(todayOf(context))
  const usual = { reason: reason.text, today, isApproved: context.applying !== undefined }
  const rows = input.rows.map((row, index) => readRow(row, index, usual))
  return carryOutBatch(
    context,
    { action: 'setCreditLimits', input, reason: reason.text },
    {
      rows,
      today,
      names: { customer: 'customer', expectedVersion: 'expectedVersion' },
      path: ['rows'],
      about: {},
    },
  )
}

type Usual = { readonly reason: string; readonly today: Day; readonly isApproved: boolean }

function readRow(input: CreditLimitRowInput, row: number, { reason, today, isApproved }: Usual): ReadRow {
  const limit = readCreditLimit(input.limit, ['limit'])
  const days = readLimitDays(input, [], today, isApproved)
  const own = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  const said = 'code' in own ? null : (own.text ?? reason)
  return {
    row,
    by: input.customer,
    limit: isProblem(limit) ? null : limit,
    days: isProblem(days) ? null : days,
    reason: said,
    expectedVersion: input.expectedVersion ?? null,
    problems: [limit, days, own].filter((read) => isProblem(read)),
  }
}

export type BatchCommand = {
  readonly action: 'setCreditLimits' | 'importCreditLimits'
  readonly input: {
    readonly dryRun: boolean
    readonly partial: boolean
    readonly idempotencyKey?: string | null | undefined
  }
  readonly reason: string
}

export type BatchRows = {
  readonly rows: readonly ReadRow[]
  readonly today: Day
  readonly names: PartNames
  /** The field of the input that holds them. */
  readonly path: readonly string[]
  /** What the audit keeps of where they come from. */
  readonly about: object
}

/** Sets what can be set. Where a row is refused, or needs approval, nothing, unless the input is `partial`. */
export async function carryOutBatch(
  context: CommandContext,
  command: BatchCommand,
  { path, ...batch }: BatchRows,
): Promise<CreditLimitsOutcome> {
  const { action, input } = command
  try {
    return await runCommand<CreditLimitsSet | ApprovalAsked>(
      context,
      { action, input, timeoutMs: TIMEOUT_MS, rows: batch.rows.length },
      (tx) => writeRows(tx, context, command, batch),
    )
  } catch (error) {
    if (error instanceof Refused) return refusal(error.results, path)
    throw error
  }
}

async function writeRows(
  tx: Tx,
  context: CommandContext,
  { action, input, reason }: BatchCommand,
  { about, rows: all, ...batch }: Omit<BatchRows, 'path'>,
): Promise<CreditLimitsSet | ApprovalAsked | Problem> {
  const meant = context.applying?.rows ?? null
  const rows = meant === null ? all : all.filter(({ row }) => meant.has(row))
  const plan = await planBatch(tx, context.organization, {
    ...batch,
    rows,
    ceiling: await ceilingOf(tx, context, batch.today),
    policy: await readCreditPolicy(tx, context.organization.id, batch.today),
  })
  if (!input.partial && countOf(plan.results).refused > 0) throw new Refused(plan.results)
  const passed = await gateMany(tx, context, {
    command: { action, input },
    dryRun: input.dryRun,
    partial: input.partial,
    proposals: plan.planned.map(({ id, ...change }) => limitProposal({ ...change, customerId: id })),
  })
  if ('code' in passed) return passed
  const { held, asked } = passed
  if (asked !== null && !input.partial) return asked
  const { results, planned } = withoutHeld(plan, held)
  const counts = countOf(results)
  // Approved, and not a row of it can be: that is no success.
  if (context.applying !== undefined && counts.refused === results.length) throw new Refused(results)
  const after = { ...about, ...counts }
  return {
    ...counts,
    results,
    asked,
    audit: await writeBatch(tx, context, planned, { action, reason, after, today: batch.today }),
  }
}

/** What is held is as it was. */
function withoutHeld({ results, planned }: BatchPlan, held: ReadonlySet<number>): BatchPlan {
  if (held.size === 0) return { results, planned }
  return {
    planned: planned.filter(({ row }) => !held.has(row)),
    results: results.map((result) =>
      held.has(result.row)
        ? {
            ...result,
            outcome: 'AWAITING_APPROVAL',
            version: result.version === null ? null : result.version - 1,
          }
        : result,
    ),
  }
}

const countOf = (results: readonly RowResult[]): Counts => {
  const of = (wanted: RowResult['outcome']) => results.filter(({ outcome }) => outcome === wanted).length
  return {
    set: of('SET'),
    unchanged: of('UNCHANGED'),
    refused: of('REFUSED'),
    awaitingApproval: of('AWAITING_APPROVAL'),
  }
}

function refusal(results: readonly RowResult[], path: readonly string[]): CreditLimitsRefused {
  const counts = countOf(results)
  const first = results.find(({ outcome }) => outcome === 'REFUSED')
  const [problem] = first?.problems ?? []
  const place = path[0] === 'csv' ? 'line' : 'row'
  return {
    __typename: 'CreditLimitsRefused',
    message: `${counts.refused} of ${results.length} rows cannot be set, so none was; the first is ${place} ${first?.row}: ${problem?.message}`,
    code: 'INVALID',
    path,
    ...counts,
    results,
  }
}

/** Undoes the transaction, and carries out of it what is wrong with the rows. */
class Refused extends Error {
  readonly results: readonly RowResult[]
  constructor(results: readonly RowResult[]) {
    super('The transaction was undone for rows that are refused')
    this.results = results
  }
}
