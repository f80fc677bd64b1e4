/** `pnpm start --live`: customers of the demo company pay and buy while one watches. */
import { setTimeout as sleep } from 'node:timers/promises'
import { randomInt } from 'node:crypto'
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { formatMinor } from '../domain/money.ts'
import { findDemoOrganization } from '../organization/queries.ts'
import { recordInvoice } from '../invoice/commands.ts'
import { isProblem, type Problem } from '../problem.ts'
import { recordReceipt } from '../receipt/commands.ts'
import type { DemoCustomer } from './company.ts'
import { extendDemoRates, FIRST_INVOICE_NUMBER } from './load.ts'
import { seededRandom, type Random } from './random.ts'
import type { Events, LogError } from '../events.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

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

const PAUSE_MS = [1_500, 4_000] as const
/** With so many open invoices as many are billed as are paid, however long one watches. */
const OPEN_INVOICES = 420

/** Posts payments, and now and then an invoice, by the ordinary commands. Does nothing without the demo organization. */
export function playPayments(services: LiveServices, options: LiveOptions = {}): Playing {
  const { pauseMs: [least, most] = PAUSE_MS, seed = randomInt(2 ** 31) } = options
  const random = seededRandom(seed)
  const closing = new AbortController()
  const play = async () => {
    const found = await findDemoOrganization(services.connection)
    if (found === null) return
    while (!closing.signal.aborted) {
      await postOnce(services, found, random)
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

async function postOnce(services: LiveServices, found: OrganizationRow, random: Random): Promise<void> {
  const { connection, events, clock, logError } = services
  const now = clock()
  const posted = () => events.publish('posted', { organizationId: found.id })
  const context: CommandContext = { connection, organization: found, actor: 'demo', now, posted }
  try {
    await extendDemoRates(connection, found.id, now)
    const open = await inTransaction(connection, { organizationId: found.id, mode: 'read' }, (tx) =>
      countOpenInvoices(tx, found.id),
    )
    const pays = random.chance(Math.min(Math.max((0.7 * open) / OPEN_INVOICES, 0.3), 0.85))
    const outcome = await (pays ? pay(context, random) : bill(context, random))
    if (isProblem(outcome)) logError(new Error(outcome.message), 'The demo could not post')
  } catch (error) {
    // The database may be away for a moment; the next event tries again.
    logError(error, 'The demo could not post')
  }
}

async function countOpenInvoices(tx: Tx, organizationId: string): Promise<number> {
  const [row] = await tx.sql<{ open: number }[]>`
    select count(*)::int as open
    from open_span join item
      on item.organization_id = open_span.organization_id and item.id = open_span.item_id and item.kind = 'INVOICE'
    where open_span.organization_id = ${organizationId} and open_span.closes_on is null`
  return row?.open ?? 0
}

type OpenInvoice = {
  readonly number: string
  readonly customer: string
  readonly currency: string
  readonly balance: bigint
}

/** Most likely one that is due, and in full. */
async function pay(context: CommandContext, random: Random): Promise<object | Problem> {
  const { connection, organization } = context
  const invoice = await inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
    pickOpenInvoice(tx, organization.id),
  )
  if (invoice === null) return bill(context, random)
  const { balance, currency } = invoice
  const inPart = balance > 1_000_000n && random.chance(0.1)
  const minor = inPart ? (balance * BigInt(random.whole(30, 80))) / 100n : balance
  const amount = formatMinor({ minor, currency })
  const unapplied = random.chance(0.04)
  return recordReceipt(context, {
    customer: { number: invoice.customer },
    amount: { amount, currency },
    receivedOn: todayOf(context),
    reference: `${invoice.customer.replace('C-', 'RF')} ${invoice.number}`,
    allocations: unapplied ? [] : [{ invoice: { number: invoice.number }, amount }],
    dryRun: false,
  })
}

async function pickOpenInvoice(tx: Tx, organizationId: string): Promise<OpenInvoice | null> {
  const [row] = await tx.sql<OpenInvoice[]>`
    select invoice.number, customer.number as customer, segment.currency,
      (select sum(amount)::bigint from ledger_entry
        where ledger_entry.organization_id = item.organization_id and item_id = item.id) as balance
    from open_span
    join item on item.organization_id = open_span.organization_id and item.id = open_span.item_id
    join invoice on invoice.organization_id = item.organization_id and invoice.id = item.id
    join customer on customer.organization_id = item.organization_id and customer.id = item.customer_id
    join segment on segment.organization_id = item.organization_id and segment.id = item.segment_id
    where open_span.organization_id = ${organizationId} and open_span.closes_on is null
    order by invoice.due_on + (random() * 45)::int
    limit 1`
  return row ?? null
}

async function bill(context: CommandContext, random: Random): Promise<object | Problem> {
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
  const minor = BigInt(Math.round(1_000_000 * Math.exp(random.normal(0, 0.5))))
  const { customer, currency, invoices } = next
  return recordInvoice(context, {
    customer: { number: customer },
    number: `INV-${FIRST_INVOICE_NUMBER + invoices}`,
    amount: { amount: formatMinor({ minor, currency }), currency },
    issuedOn: todayOf(context),
    dryRun: false,
  })
}
