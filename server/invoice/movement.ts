/** What all movements of an invoice that is there already have in common. */
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, formatDay, isPlausible, type Day } from '../domain/day.ts'
import { firstDayWithRoom, installmentStates, type Entry, type InstallmentState } from '../domain/invoice.ts'
import { formatMinor } from '../domain/money.ts'
import { balanceNow } from '../domain/projection.ts'
import { accountingDay, holdClosing } from '../ledger/closing.ts'
import { disputesAbout, reopenSettled, resolveBeyond } from '../ledger/dispute-resolution.ts'
import { postedEntries, type PostedEntry } from '../ledger/entries.ts'
import type { ApprovalAsked } from '../authority/asked.ts'
import { gate, type Proposal } from '../authority/gate.ts'
import { findInvoices, type By, type NamedInvoice } from '../ledger/find.ts'
import type { Item } from '../ledger/histories.ts'
import { lockItem } from '../ledger/lock-credit.ts'
import type { NewItem } from '../ledger/new-items.ts'
import { unlinkVoided } from '../ledger/order-events.ts'
import { postAudited, type NewEntry } from '../ledger/post.ts'
import { implausible, invalid, isProblem, type Path, type Problem } from '../problem.ts'
import { readRequiredText, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** The invoice, and what was posted to it. */
export type InvoiceMoved = Audited & {
  readonly invoiceId: string
  readonly entries: readonly PostedEntry[]
}

/** What the input of every movement has. */
export type MovementInput = {
  readonly invoice: By
  readonly effectiveOn?: Temporal.PlainDate | null | undefined
  readonly reason?: string | null | undefined
  readonly dryRun: boolean
  readonly idempotencyKey?: string | null | undefined
}

/** When it happened, and the field that says so. */
export type Occurred = { readonly date: Temporal.PlainDate | null | undefined; readonly path: Path }

/** The invoice under its lock, as it is before the movement. */
export type Held = {
  readonly row: NamedInvoice
  readonly item: Item
  /** All about it, the earliest first. */
  readonly disputes: readonly Item[]
  /** In order of their numbers. */
  readonly installments: readonly InstallmentState[]
  readonly balance: bigint
  readonly occurredOn: Day
  /** The accounting date. */
  readonly effectiveOn: Day
}

/** What a movement posts to the invoice; dates and reason are those of the movement. */
export type Movement = Pick<NewEntry, 'kind' | 'installment' | 'amount'> &
  Partial<Pick<NewEntry, 'code' | 'dueOn' | 'counterpartId'>>

/** What one command posts: movements of the invoice, and what else belongs to them. */
export type Posted = {
  readonly movements: readonly Movement[]
  readonly items?: readonly NewItem[]
  /** Of the new items. */
  readonly entries?: readonly NewEntry[]
}

type Command<Input> = {
  readonly action: string
  readonly input: Input
  readonly needsReason: boolean
  readonly occurred: Occurred
  readonly duplicates?: Readonly<Record<string, Problem>>
}

/** What is to be posted to an invoice. */
type Decide = (
  held: Held,
  tx: Tx,
) => readonly Movement[] | Posted | Problem | Promise<readonly Movement[] | Posted | Problem>

/** Posts what `decide` makes of the invoice. */
export const changeInvoice = <Input extends MovementInput>(
  context: CommandContext,
  command: Command<Input>,
  decide: Decide,
): Promise<InvoiceMoved | Problem> =>
  runCommand<InvoiceMoved>(context, command, (tx) => writeMovement(tx, context, command, decide, UNGUARDED))

/** What the authority matrix measures of a movement. */
export type MovementProposal = Pick<Proposal, 'action' | 'before' | 'after' | 'from' | 'to'> & {
  readonly days?: number
}

/** The same of what the authority matrix has rules for: not posted where it needs somebody's approval. */
export const changeWithAuthority = <Input extends MovementInput>(
  context: CommandContext,
  command: Command<Input>,
  decide: Decide,
  propose: (held: Held, posted: Posted) => MovementProposal | readonly MovementProposal[],
): Promise<InvoiceMoved | ApprovalAsked | Problem> => {
  const { action, input } = command
  const guard: Guard<ApprovalAsked> = (tx, held, posted) => {
    const { customerId } = held.item
    const proposals = [propose(held, posted)].flat()
    return gate(tx, context, {
      command: { action, input },
      dryRun: input.dryRun,
      proposals: proposals.map((one, row) => ({ row, customerId, subject: held.row.number, ...one })),
    })
  }
  return runCommand<InvoiceMoved | ApprovalAsked>(context, command, (tx) =>
    writeMovement(tx, context, command, decide, guard),
  )
}

/** Says what is in the way of movements; null for nothing. */
type Guard<Stop> = (tx: Tx, held: Held, posted: Posted) => Promise<Stop | Problem | null>
const UNGUARDED: Guard<never> = () => Promise.resolve(null)

/** What movements take off or bring, whatever their sign, for the authority matrix. */
export const amountProposal = (
  { item, balance }: Held,
  { movements }: Posted,
): Omit<MovementProposal, 'action'> => {
  const { currency } = item
  const sum = movements.reduce((total, { amount }) => total + amount, 0n)
  const inWords = (minor: bigint) => `${formatMinor({ minor, currency })} ${currency}`
  const to = { minor: sum < 0n ? -sum : sum, currency }
  return { before: inWords(balance), after: inWords(balance + sum), from: null, to }
}

async function writeMovement<Input extends MovementInput, Stop extends ApprovalAsked>(
  tx: Tx,
  context: CommandContext,
  { action, input, needsReason, occurred }: Command<Input>,
  decide: Decide,
  guard: Guard<Stop>,
): Promise<InvoiceMoved | Stop | Problem> {
  const reason = needsReason
    ? readRequiredText(input.reason ?? '', ['reason'], SENTENCE_LENGTH_MAX)
    : readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const held = await holdInvoice(tx, context, input, occurred)
  if (isProblem(held)) return held
  const { row, item, disputes, balance } = held
  const decided = await decide(held, tx)
  if (isProblem(decided)) return decided
  const posted: Posted = 'movements' in decided ? decided : { movements: decided }
  const { movements, items = [], entries: others = [] } = posted
  const entries = movements.map((movement): NewEntry => ({
    dueOn: null,
    counterpartId: null,
    ...movement,
    itemId: item.id,
    effectiveOn: held.effectiveOn,
    occurredOn: held.occurredOn,
    reason: reason.text,
  }))
  const problem = firstWithoutRoom(held, entries)
  if (problem !== null) return problem
  const stopped = await guard(tx, held, posted)
  if (stopped !== null) return stopped
  const left = entries.reduce((sum, { amount }) => sum + amount, balance)
  const resolutions = resolutionsBy(held, entries, left)
  const record = {
    action,
    subject: item.id,
    before: { number: row.number, balance: balance.toString(), currency: item.currency },
    after: { balance: left.toString(), effectiveOn: formatDay(held.effectiveOn) },
    reason: reason.text,
  }
  const locked = new Map([[item.id, item], ...disputes.map((dispute) => [dispute.id, dispute] as const)])
  const audit = await postAudited(tx, context, record, {
    items,
    locked,
    entries: [...others, ...entries, ...resolutions],
  })
  const voided = entries.find(({ kind }) => kind === 'VOIDED')
  if (voided !== undefined) {
    const { occurredOn, counterpartId } = voided
    const link = { invoiceId: item.id, replacementId: counterpartId, occurredOn, reason: reason.text }
    await unlinkVoided(tx, context.organization.id, { ...link, auditId: audit.id })
  }
  return { invoiceId: item.id, entries: postedEntries(item, entries, input.dryRun ? null : audit), audit }
}

/** What it does to the disputes: less is owed, or what had been given up is owed again. */
function resolutionsBy(held: Held, entries: readonly NewEntry[], left: bigint): NewEntry[] {
  const { item, disputes, balance } = held
  const last = entries.at(-1)
  if (last === undefined || left === balance) return []
  const code = last.code ?? null
  if (left < balance) return resolveBeyond(disputes, { counterpartId: item.id, code }, left, held)
  if (code === null) return []
  // Who resolved it by hand gave no code; what a credit settled names that credit.
  const isCause = (entry: Entry) =>
    entry.counterpartId === item.id &&
    (entry.code === code || (isOfDiscount(entry.code) && isOfDiscount(code)))
  return reopenSettled(disputes, isCause, left, { ...held, reason: last.reason ?? null })
}

/** One discount may be earned in part only. */
const isOfDiscount = (code: Entry['code']): boolean => code === 'EARNED' || code === 'UNEARNED'

/** Finds and locks the invoice. A problem where it is void, or where the day does not suit it or the books. */
async function holdInvoice(
  tx: Tx,
  context: CommandContext,
  input: MovementInput,
  { date, path }: Occurred,
): Promise<Held | Problem> {
  const { organization } = context
  const today = dayOf(todayOf(context))
  if (date && !isPlausible(date)) return implausible(path, date)
  const occurredOn = date ? dayOf(date) : today
  if (occurredOn > today) return invalid(path, `${formatDay(occurredOn)} lies after today`)
  const closing = await holdClosing(tx, organization.id)
  const { effectiveOn } = input
  const accounted = accountingDay(closing, { occurredOn, path, effectiveOn, today })
  if (isProblem(accounted)) return accounted
  const found = await findInvoices(tx, organization.id, [input.invoice], () => ['invoice'])
  if (isProblem(found)) return found
  const [row] = found
  if (row === undefined) throw new Error('An invoice was found and is not there')
  const locked = await lockItem(tx, organization.id, 'INVOICE', row.id)
  if (locked === null) throw new Error(`Invoice ${row.id} is no item`)
  const { item } = locked
  if (item.entries.some(({ kind }) => kind === 'VOIDED')) {
    return invalid(['invoice'], `Invoice ${row.number} is void: it was taken back as wrong`)
  }
  if (occurredOn < item.startsOn) {
    const message = `${formatDay(occurredOn)} lies before the invoice date ${formatDay(item.startsOn)}`
    return invalid(path, message)
  }
  return {
    row,
    item,
    disputes: disputesAbout(locked.locked).get(item.id) ?? [],
    installments: installmentStates(item.entries.toSorted(byDay)),
    balance: balanceNow(item),
    occurredOn,
    // A bill of a closed month counts from a later day on, and so does what happened to it before that day.
    effectiveOn: Math.max(accounted, ...item.entries.filter(isBilling).map((entry) => entry.effectiveOn)),
  }
}

const byDay = (a: Entry, b: Entry): number => a.effectiveOn - b.effectiveOn
const isBilling = ({ kind }: Entry): boolean => kind === 'INVOICED'

/** No balance of any day may fall below 0, so that what is lowered must have been there ever since. */
function firstWithoutRoom({ row, item, effectiveOn }: Held, entries: readonly NewEntry[]): Problem | null {
  const history: Entry[] = [...item.entries]
  for (const entry of entries) {
    const first =
      entry.amount < 0n
        ? firstDayWithRoom(history, entry.installment, -entry.amount, effectiveOn)
        : effectiveOn
    if (first !== effectiveOn) {
      const amount = formatMinor({ minor: -entry.amount, currency: item.currency })
      const message = `Invoice ${row.number} owes ${amount} ${item.currency} from ${formatDay(first)} on, and less before; give that day`
      return invalid([], message, 'OVER_ALLOCATION')
    }
    history.push(entry)
  }
  return null
}
