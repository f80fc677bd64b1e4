/**
 * Whether a command may be carried out, asked by commands after their locks and before they write: the customers are
 * locked, so that what was decided about them is all there is.
 */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import {
  distinctRequirements,
  isNamed,
  lacking,
  requirementsOf,
  rulesOf,
  type AuthorityAction,
  type AuthorityMatrix,
  type Identity,
  type Past,
  type Requirement,
  type Size,
  type Step,
} from '../domain/authority.ts'
import { dayOf } from '../domain/day.ts'
import { convert } from '../domain/exposure.ts'
import type { Money } from '../domain/money.ts'
import { encodeId, newUuid } from '../ids.ts'
import { readRates } from '../ledger/rates.ts'
import { conflict, type Problem } from '../problem.ts'
import type { Applying } from './applying.ts'
import type { ApprovalAsked } from './asked.ts'
import { readIdentity } from './identity.ts'
import { readMatrix } from './matrix.ts'
import { writeRequest, type StoredCommand } from './request.ts'
import type { StoredStep } from './stored.ts'

/** What a command is about to do to one customer. */
export type Proposal = {
  /** As callers count them; 0 where there is only one. */
  readonly row: number
  readonly action: AuthorityAction
  readonly customerId: string
  readonly subject?: string
  /** In words. */
  readonly before: string | null
  readonly after: string | null
  /** What it was; null for nothing. Of several the one counts from which it is raised most. */
  readonly from: From | readonly From[]
  /** What it will be. BEYOND: nobody knows. */
  readonly to: Money | 'UNLIMITED' | 'BEYOND' | null
  /** Whether a percentage of `from` says something. */
  readonly isRelative?: boolean
  readonly days?: number
  /** Governed also where it raises nothing. */
  readonly always?: boolean
}

type From = Money | 'UNLIMITED' | null

export type Asking = {
  readonly command: StoredCommand
  readonly dryRun: boolean
  readonly proposals: readonly Proposal[]
  /** Where it was read already, so that it cost no round trip. */
  readonly matrix?: AuthorityMatrix
}

/** Null where it may be carried out; what has to be answered where not. What may be is noted with what it adds up to. */
export async function gate(
  tx: Tx,
  context: CommandContext,
  asking: Asking,
): Promise<ApprovalAsked | Problem | null> {
  const passed = await gateMany(tx, context, { ...asking, partial: false })
  return 'code' in passed ? passed : passed.asked
}

/** Which rows may not be carried out yet, and what was asked for them. */
export type Passed = { readonly held: ReadonlySet<number>; readonly asked: ApprovalAsked | null }

const NOTHING_HELD: Passed = { held: new Set(), asked: null }

/** Of many rows: `partial` lets those through that whoever acts decides alone. Else one that is held holds all. */
export async function gateMany(
  tx: Tx,
  context: CommandContext,
  asking: Asking & { readonly partial: boolean },
): Promise<Passed | Problem> {
  const today = dayOf(todayOf(context))
  const matrix = asking.matrix ?? (await readMatrix(tx, context.organization.id, today))
  const proposals = asking.proposals.filter(({ action }) => rulesOf(matrix, action).length > 0)
  if (proposals.length === 0 || isExempt(context)) return NOTHING_HELD
  const { applying } = context
  const [identity, toBase] = await Promise.all([
    applying?.requester ?? readIdentity(tx, context.organization.id, context.actor),
    converterFor(tx, context, proposals),
  ])
  const measured = proposals.flatMap((proposal) => measureOf(proposal, toBase) ?? [])
  if (measured.length === 0) return NOTHING_HELD
  const known = await withNewCustomers(tx, context, matrix, measured)
  const past = await readPast(tx, context, { matrix, identity, steps: known })
  if (applying !== undefined) return pass(tx, context, { matrix, identity, steps: known, past, applying })
  const needs = requirementsOf(matrix, known, past, identity, !asking.partial)
  const isAnyHeld = needs.some((one) => one !== null)
  const isHeld = (index: number) => (asking.partial ? needs[index] !== null : isAnyHeld)
  const free = known.filter((_, index) => !isHeld(index))
  const held = known.filter((_, index) => isHeld(index))
  await noteUses(tx, context, { matrix, identity, steps: free, requestId: null })
  if (held.length === 0) return NOTHING_HELD
  const requirements = distinctRequirements(
    // What goes through counts before what is held, also where it comes later.
    requirementsOf(matrix, [...free, ...held], past, identity, true).slice(free.length),
  )
  const asked = await ask(tx, context, asking, { matrix, identity, requirements, steps: held })
  return { held: new Set(held.map(({ row }) => row)), asked }
}

/** What the product invents, and what it does by itself, is nobody's decision. */
const isExempt = ({ actor }: CommandContext): boolean => actor === 'demo' || actor === 'system'

type MeasuredStep = Step & { readonly row: number; readonly proposal: Proposal }

type Measured = {
  readonly matrix: AuthorityMatrix
  readonly identity: Identity
  readonly steps: readonly MeasuredStep[]
}

/** In minor units of the base currency, at today's rate. */
type ToBase = (amount: Money) => Size<bigint>

/** Null where it raises nothing. */
function measureOf(proposal: Proposal, toBase: ToBase): MeasuredStep | null {
  const { row, action, customerId, to, days = 0, always = false, isRelative = false } = proposal
  const { from, increase } = greatest(
    fromsOf(proposal).map((from) => ({ from, increase: increaseOf(from, to, toBase) })),
  )
  const isRaised = increase === 'BEYOND' || increase > 0n
  if (!always && !isRaised && days <= 0) return null
  const amount = isRaised ? increase : 0n
  const base = isRelative ? inBase(from, toBase) : null
  return { row, action, customerId, amount, base, days, isNewCustomer: false, proposal }
}

const fromsOf = ({ from }: Proposal): readonly From[] => (isList(from) ? from : [from])
const isList = (from: Proposal['from']): from is readonly From[] => Array.isArray(from)

type Raised = { readonly from: From; readonly increase: Size<bigint> }

const greatest = (raises: readonly Raised[]): Raised =>
  raises.reduce((most, raise) => (isMore(raise.increase, most.increase) ? raise : most), {
    from: null,
    increase: 0n,
  })

const isMore = (a: Size<bigint>, b: Size<bigint>): boolean => b !== 'BEYOND' && (a === 'BEYOND' || a > b)

function increaseOf(from: From, to: Proposal['to'], toBase: ToBase): Size<bigint> {
  if (from === 'UNLIMITED') return 0n
  // In its own currency no rate has to be known to see that it is no more than before.
  const isSameCurrency = isMoney(to) && (from === null || from.currency === to.currency)
  if (isSameCurrency && to.minor <= (from?.minor ?? 0n)) return 0n
  const before = inBase(from, toBase)
  const after = inBase(to, toBase)
  return after === 'BEYOND' || before === 'BEYOND' ? 'BEYOND' : after - before
}

const isMoney = (amount: Proposal['to']): amount is Money => typeof amount === 'object' && amount !== null

function inBase(amount: Proposal['to'], toBase: ToBase): Size<bigint> {
  if (amount === null) return 0n
  return isMoney(amount) ? toBase(amount) : 'BEYOND'
}

/** More than the books can hold is more than any bound. */
const BASE_MAX = 10n ** 18n

/** Reads rates only where an amount is in another currency; one that has none today is beyond any bound. */
async function converterFor(
  tx: Tx,
  { organization, now }: CommandContext,
  proposals: readonly Proposal[],
): Promise<ToBase> {
  const { baseCurrency } = organization
  const isForeign = (amount: Proposal['to']) => isMoney(amount) && amount.currency !== baseCurrency
  if (!proposals.some((proposal) => [...fromsOf(proposal), proposal.to].some(isForeign)))
    return ({ minor }) => minor
  const today = dayOf(todayOf({ organization, now }))
  const rates = await readRates(tx, organization, today, today)
  return (amount) => {
    const converted = convert(amount, baseCurrency, rates, today)
    return typeof converted === 'bigint' && converted < BASE_MAX ? converted : 'BEYOND'
  }
}

/** Asks who never had a limit only where a rule wants to know. */
async function withNewCustomers(
  tx: Tx,
  { organization }: CommandContext,
  matrix: AuthorityMatrix,
  steps: readonly MeasuredStep[],
): Promise<readonly MeasuredStep[]> {
  const matters = steps.some(({ action }) =>
    rulesOf(matrix, action).some(({ newCustomer }) => newCustomer !== null),
  )
  if (!matters) return steps
  const rows = await tx.sql<{ id: string }[]>`
    select distinct customer_id as id from credit_limit
    where organization_id = ${organization.id} and state <> 'NOT_SET'
      and customer_id = any(${arrayOf(steps.map(({ customerId }) => customerId))}::uuid[])`
  const known = new Set(rows.map(({ id }) => id))
  return steps.map((step) => ({ ...step, isNewCustomer: !known.has(step.customerId) }))
}

type SumRow = {
  readonly customer: string | null
  readonly action: AuthorityAction
  readonly amount: string
  readonly days: string
}

const NOTHING = { amount: 0n, days: 0 }

/**
 * What was decided alone in the window. Whoever acts is held until the transaction ends, or two commands at the same time
 * would each pass for what is too much together; customers are held by the command itself.
 */
async function readPast(
  tx: Tx,
  { organization, now }: CommandContext,
  { matrix, identity, steps }: Measured,
): Promise<Past> {
  const actions = [...new Set(steps.map(({ action }) => action))]
  const isFree = (action: AuthorityAction) =>
    rulesOf(matrix, action).every(({ deciders }) => deciders.some((who) => isNamed(who, identity)))
  if (actions.every(isFree)) return { ofCustomer: () => NOTHING, ofActor: () => NOTHING }
  const { principal } = identity
  await tx.sql`select pg_advisory_xact_lock(hashtextextended(${`authority ${organization.id} ${principal}`}, 0))`
  const since = now.subtract({ hours: 24 * matrix.windowDays }).toString()
  const where = tx.sql`
    organization_id = ${organization.id} and request_id is null and recorded_at > ${since}::timestamptz
    and action::text = any(${arrayOf(actions)}::text[])`
  const sums = tx.sql`action, coalesce(sum(amount), 0)::text as amount, coalesce(sum(days), 0)::text as days`
  const rows = await tx.sql<SumRow[]>`
    select customer_id as customer, ${sums} from authority_use
    where ${where} and customer_id = any(${arrayOf(steps.map(({ customerId }) => customerId))}::uuid[])
    group by customer_id, action
    union all
    select null, ${sums} from authority_use where ${where} and principal = ${principal} group by action`
  const byKey = new Map(
    rows.map(({ customer, action, amount, days }) => [
      `${customer} ${action}`,
      { amount: BigInt(amount), days: Number(days) },
    ]),
  )
  return {
    ofCustomer: (customerId, action) => byKey.get(`${customerId} ${action}`) ?? NOTHING,
    ofActor: (action) => byKey.get(`null ${action}`) ?? NOTHING,
  }
}

/** What was approved, unless it is more by now than what was asked for, or needs more than was given. */
async function pass(
  tx: Tx,
  context: CommandContext,
  { applying, past, ...measured }: Measured & { readonly past: Past; readonly applying: Applying },
): Promise<Passed | Problem> {
  const { matrix, identity, steps } = measured
  const grown = steps.find((step) => hasGrown(step, applying.steps.get(step.row)))
  if (grown !== undefined) {
    const told = applying.steps.get(grown.row)
    const where = grown.row === 0 ? '' : ` in row ${grown.row}`
    return conflict(
      [],
      `It is more by now than what was asked for${where}: then from ${told?.before ?? 'nothing'}, now from ${grown.proposal.before ?? 'nothing'} to ${grown.proposal.after ?? 'nothing'}. Ask anew`,
    )
  }
  const needs = distinctRequirements(requirementsOf(matrix, steps, past, identity, true))
  const open = needs.find((requirement) => lacking(requirement, applying.approvers) > 0)
  if (open !== undefined) {
    return conflict([], `The authority matrix asks for other approvals of ${open.action} by now. Ask anew`)
  }
  await noteUses(tx, context, { ...measured, requestId: applying.requestId })
  return NOTHING_HELD
}

/** What starts from the same place is the same, whatever a rate says today; else it may be less, and never more. */
function hasGrown(step: MeasuredStep, told: StoredStep | undefined): boolean {
  if (told === undefined || told.customerId !== step.customerId) return true
  if (told.before === step.proposal.before) return false
  if (step.action === 'RELEASE_HOLD') return true
  const isMore = told.amount !== null && (step.amount === 'BEYOND' || step.amount > BigInt(told.amount))
  return isMore || step.days > (told.days ?? 0)
}

const amountOf = ({ amount }: Step): string | null => (amount === 'BEYOND' ? null : String(amount))
const daysOf = ({ days }: Step): number | null => (days === 0 ? null : days)

/** A hold is released or not: there is nothing to add up. */
async function noteUses(
  tx: Tx,
  { organization }: CommandContext,
  { matrix, identity, steps, requestId }: Measured & { readonly requestId: string | null },
): Promise<void> {
  const column = (valueOf: (step: MeasuredStep) => string | number | null) => arrayOf(steps.map(valueOf))
  if (steps.length === 0) return
  await tx.sql`
    insert into authority_use
      (organization_id, id, action, customer_id, actor, principal, amount, days, matrix_version, request_id)
    select ${organization.id}::uuid, id, action::authority_action, customer_id, ${identity.actor}::text,
      ${identity.principal}::text, amount, days, ${matrix.version}::int, ${requestId}::uuid
    from unnest(
      ${column(() => newUuid())}::uuid[], ${column(({ action }) => action)}::text[],
      ${column(({ customerId }) => customerId)}::uuid[],
      ${column((step) => (step.action === 'RELEASE_HOLD' ? null : amountOf(step)))}::bigint[],
      ${column(daysOf)}::int[]
    ) as step (id, action, customer_id, amount, days)`
}

async function ask(
  tx: Tx,
  context: CommandContext,
  { command, dryRun, partial }: Asking & { readonly partial: boolean },
  { matrix, identity, requirements, steps }: Measured & { readonly requirements: readonly Requirement[] },
): Promise<ApprovalAsked> {
  const stored = steps.map((step): StoredStep => {
    const { row, proposal } = step
    const { action, customerId, before, after, subject = null } = proposal
    return { row, action, customerId, subject, before, after, amount: amountOf(step), days: daysOf(step) }
  })
  const told = { __typename: 'ApprovalRequested', requirements, stepCount: stored.length, dryRun } as const
  if (dryRun) return { ...told, requestId: null, steps: stored, audit: null }
  const { id, audit } = await writeRequest(tx, context, {
    command,
    matrix,
    identity,
    requirements,
    steps: stored,
    rows: partial ? stored.map(({ row }) => row) : null,
  })
  return { ...told, requestId: encodeId('approvalRequest', id), steps: [], audit }
}
