/** `pnpm start --live`: customers of the demo company pay and buy while one watches. */
import { setTimeout as sleep } from 'node:timers/promises'
import { randomInt } from 'node:crypto'
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { formatMinor } from '../domain/money.ts'
import { readKpiValues } from '../kpi/queries.ts'
import { findDemoOrganization } from '../organization/queries.ts'
import { recordInvoice } from '../invoice/record.ts'
import { isProblem, type Problem } from '../problem.ts'
import { recordReceipt } from '../receipt/record.ts'
import type { DemoCustomer } from './company.ts'
import { extendDemoRates, FIRST_INVOICE_NUMBER } from './load.ts'
import { seededRandom, type Random } from './random.ts'
import type { Events, LogError } from '../events.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'

export type LiveServices = {
  readonly connection: Connection
  readonly events: Events
  readonly clock: () => Temporal.Instant
  readonly logError: LogError
}

export type LiveOptions = {
  /** Between two events. */
  readonly pauseMs?: readonly [least: number, most: number]
  readonly seed?: number
}

export type Playing = {
  /** Lets the event under way finish; nothing happens afterwards. */
  close(): Promise<void>
}

const PAUSE_MS = [2_000, 5_000] as const

/**
 * An hour of this is a few days of trade, so what is played must not use the book up: whatever has moved this far from
 * where it stood at the beginning, as a share, is moved no further.
 */
const BAND = 0.06

/** Of all that happens, where the book stands as it stood. */
const BILL_CHANCE = 0.05
/** Bills that a branch sends in when they are past due already: else that would only be paid, never grow. */
const LATE_BILL_CHANCE = 0.012
/** Of all payments. Most pay a small part of an invoice: one sees them, and they add up to little. */
const PAST_DUE_CHANCE = 0.35
const IN_FULL_CHANCE = 0.05
const PART_PERCENT = [1, 3] as const
/** What is paid in full is no larger, in minor units. */
const IN_FULL_MAX = 500_000n
/** In minor units. */
const BILL_AMOUNT = 400_000

/** Posts payments, and now and then a bill, by the ordinary commands. Does nothing without the demo organization. */
export function playPayments(services: LiveServices, options: LiveOptions = {}): Playing {
  const { pauseMs: [least, most] = PAUSE_MS, seed = randomInt(2 ** 31) } = options
  const random = seededRandom(seed)
  const closing = new AbortController()
  const play = async () => {
    const found = await findDemoOrganization(services.connection)
    if (found === null) return
    const game: Game = { services, organization: found, random, home: null }
    while (!closing.signal.aborted) {
      await postOnce(game)
      await sleep(random.whole(least, most), undefined, { signal: closing.signal }).catch(() => {})
    }
  }
  const playing = play().catch((error: unknown) => {
    services.logError(error, 'The demo does not go on')
  })
  return {
    async close() {
      closing.abort()
      await playing
    },
  }
}

type Game = {
  readonly services: LiveServices
  readonly organization: OrganizationRow
  readonly random: Random
  /** The book at the beginning; null before it was read. */
  home: Book | null
}

async function postOnce(game: Game): Promise<void> {
  const { organization, random } = game
  const { connection, events, clock, logError } = game.services
  const now = clock()
  const posted = () => events.publish('posted', { organizationId: organization.id })
  const context: CommandContext = { connection, organization, actor: 'demo', now, posted }
  try {
    await extendDemoRates(connection, organization.id, now)
    const book = await readBook(context)
    game.home ??= book
    const outcome = await happen(context, random, movedFrom(game.home, book))
    if (isProblem(outcome)) logError(new Error(outcome.message), 'The demo could not post')
  } catch (error) {
    // The database may be away for a moment; the next event tries again.
    logError(error, 'The demo could not post')
  }
}

/** What is kept near where it was: two amounts in the base currency, and a number. */
type Book = { readonly receivables: number; readonly pastDue: number; readonly invoices: number }

async function readBook({ connection, organization, now }: CommandContext): Promise<Book> {
  const asOf = todayOf({ now, organization })
  const metrics = ['TOTAL_RECEIVABLES', 'PAST_DUE', 'OPEN_INVOICE_COUNT'] as const
  const values = await inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
    readKpiValues(
      tx,
      organization,
      metrics.map((metric) => ({ metric, asOf })),
      { now },
    ),
  )
  const [receivables = 0, pastDue = 0, invoices = 0] = values.map(({ valueExact }) => Number(valueExact))
  return { receivables, pastDue, invoices }
}

/** From -1, where as little is left as may be, to 1, where there is as much as may be. */
function movedFrom(home: Book, book: Book): Book {
  const moved = (now: number, then: number) =>
    then === 0 ? 0 : Math.min(Math.max((now / then - 1) / BAND, -1), 1)
  return {
    receivables: moved(book.receivables, home.receivables),
    pastDue: moved(book.pastDue, home.pastDue),
    invoices: moved(book.invoices, home.invoices),
  }
}

function happen(context: CommandContext, random: Random, moved: Book): Promise<object | Problem> {
  if (random.chance(LATE_BILL_CHANCE * (1 - moved.pastDue))) return bill(context, random, true)
  if (random.chance(BILL_CHANCE * (1 - moved.receivables))) return bill(context, random, false)
  return pay(context, random, {
    isPastDue: random.chance(PAST_DUE_CHANCE * (1 + moved.pastDue)),
    inFull: random.chance(IN_FULL_CHANCE * (1 + moved.invoices)),
  })
}

type Wanted = { readonly isPastDue: boolean; readonly inFull: boolean }

async function pay(context: CommandContext, random: Random, wanted: Wanted): Promise<object | Problem> {
  const invoice = await pickOpenInvoice(context, wanted)
  if (invoice === null) return bill(context, random, wanted.isPastDue)
  const { balance, currency } = invoice
  const part = (balance * BigInt(random.whole(...PART_PERCENT))) / 100n
  const minor = wanted.inFull || part === 0n ? balance : part
  const amount = formatMinor({ minor, currency })
  const unapplied = random.chance(0.02)
  return recordReceipt(context, {
    customer: { number: invoice.customer },
    amount: { amount, currency },
    receivedOn: todayOf(context),
    reference: `${invoice.customer.replace('C-', 'RF')} ${invoice.number}`,
    allocations: unapplied ? [] : [{ invoice: { number: invoice.number }, amount }],
    dryRun: false,
  })
}

type OpenInvoice = {
  readonly number: string
  readonly customer: string
  readonly currency: string
  readonly balance: bigint
}

async function pickOpenInvoice(
  context: CommandContext,
  { isPastDue, inFull }: Wanted,
): Promise<OpenInvoice | null> {
  const { connection, organization } = context
  const today = todayOf(context).toString()
  const most = inFull ? IN_FULL_MAX : null
  const [row] = await inTransaction(
    connection,
    { organizationId: organization.id, mode: 'read' },
    (tx) => tx.sql<OpenInvoice[]>`
      select invoice.number, customer.number as customer, segment.currency, owed.balance
      from open_span
      join item on item.organization_id = open_span.organization_id and item.id = open_span.item_id
      join invoice on invoice.organization_id = item.organization_id and invoice.id = item.id
      join customer on customer.organization_id = item.organization_id and customer.id = item.customer_id
      join segment on segment.organization_id = item.organization_id and segment.id = item.segment_id
      cross join lateral (
        select sum(amount)::bigint as balance from ledger_entry
        where ledger_entry.organization_id = item.organization_id and item_id = item.id
      ) as owed
      where open_span.organization_id = ${organization.id} and open_span.closes_on is null
        and (invoice.due_on < ${today}::date) = ${isPastDue}
        and (${most}::bigint is null or owed.balance <= ${most}::bigint)
      order by random() limit 1`,
  )
  return row ?? null
}

/** `isLate`: of last month, by the usual terms, and past due already. */
async function bill(context: CommandContext, random: Random, isLate: boolean): Promise<object | Problem> {
  const { connection } = context
  const { id } = context.organization
  const next = await inTransaction(connection, { organizationId: id, mode: 'read' }, async (tx) => {
    const [row] = await tx.sql<{ customer: string; currency: DemoCustomer['currency']; invoices: number }[]>`
      select customer.number as customer, customer_state.currency,
        (select count(*)::int from invoice where organization_id = ${id}) as invoices
      from customer_state
      join customer on customer.organization_id = customer_state.organization_id
        and customer.id = customer_state.customer_id
      where customer_state.organization_id = ${id}
      order by random() limit 1`
    return row ?? null
  })
  if (next === null) return {}
  const minor = BigInt(Math.round(BILL_AMOUNT * Math.exp(random.normal(0, 0.5))))
  const { customer, currency, invoices } = next
  const today = todayOf(context)
  const dueOn = today.subtract({ days: random.whole(1, 20) })
  return recordInvoice(context, {
    customer: { number: customer },
    number: `INV-${FIRST_INVOICE_NUMBER + invoices}`,
    amount: { amount: formatMinor({ minor, currency }), currency },
    ...(isLate ? { issuedOn: dueOn.subtract({ days: 30 }), dueOn } : { issuedOn: today }),
    dryRun: false,
  })
}
