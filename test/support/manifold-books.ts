/** Random books of several customers in which also happens what random items alone do not have. */
import * as fc from 'fast-check'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import type { KpiOrganization } from '@tidemark/server/kpi/source.ts'
import { writeAudit } from '@tidemark/server/ledger/audit.ts'
import { lockItems } from '@tidemark/server/ledger/histories.ts'
import type { NewItem } from '@tidemark/server/ledger/new-items.ts'
import { post, type NewEntry } from '@tidemark/server/ledger/post.ts'
import { segmentFor } from '@tidemark/server/ledger/segments.ts'
import { day, entry } from './kpi-books.ts'
import { addRates, makeOrganization, postItems } from './post-histories.ts'
import { POSTINGS, quotations, randomItems } from './random-books.ts'

export const CUSTOMERS = 4
/** Invoices move at the second last posting, and are billed over several product lines at the last. */
export const LAST_POSTING = POSTINGS + 2

/** Each posting was recorded a day after the one before. */
export const recordedAt = (posting: number): Temporal.Instant =>
  Temporal.Instant.from('2026-01-01T00:00:00Z').add({ hours: 24 * posting })

export async function makeManifoldBooks(connection: Connection, seed: number): Promise<KpiOrganization> {
  const organization = await makeOrganization(connection)
  // Each posts for a customer of its own.
  for (const items of fc.sample(randomItems({ minLength: 20, maxLength: 40 }), { seed, numRuns: CUSTOMERS }))
    await postItems(connection, organization, items, recordedAt)
  await addRates(connection, organization, quotations)
  await disputeInvoices(connection, organization)
  await inTransaction(connection, { organizationId: organization.id, mode: 'write' }, async (tx) => {
    await moveSome(tx, organization)
    await billByProductLine(tx, organization)
  })
  return organization
}

/** Random disputes are over nothing in particular: each gets an invoice of its customer and segment. */
const disputeInvoices = ({ sql }: Connection, { id }: KpiOrganization) => sql`
  update ledger_entry e set counterpart_id = (
    select v.id from item v
    where v.organization_id = ${id} and v.kind = 'INVOICE' and v.segment_id = i.segment_id
      and v.customer_id = i.customer_id
    order by abs(v.starts_on - i.starts_on), v.id limit 1)
  from item i
  where e.organization_id = ${id} and i.organization_id = ${id} and i.id = e.item_id and i.kind = 'DISPUTE'
    and e.sequence = 1`

const segmentIn = (
  tx: Tx,
  organization: KpiOrganization,
  currency: string,
  region: string,
  line: string | null,
) =>
  segmentFor(tx, organization.id, {
    currency,
    region,
    productLine: line,
    businessUnit: null,
    channel: null,
    collectorId: null,
  })

const auditFor = (tx: Tx, organization: KpiOrganization, posting: number) =>
  writeAudit(
    tx,
    { organization, actor: 'test' },
    { action: 'import', subject: organization.id },
    recordedAt(posting),
  )

/** Every third invoice moves to another region a month after it was billed. */
async function moveSome(tx: Tx, organization: KpiOrganization): Promise<void> {
  const rows = await tx.sql<{ id: string; customer_id: string }[]>`
    select id, customer_id from item where kind = 'INVOICE' order by id`
  const moved = rows.filter((_, index) => index % 3 === 0)
  const locked = await lockItems(
    tx,
    organization.id,
    [...new Set(moved.map((row) => row.customer_id))],
    moved.map((row) => row.id),
  )
  const entries: NewEntry[] = []
  for (const item of locked.values()) {
    const segmentId = await segmentIn(tx, organization, item.currency, 'Nordics', null)
    entries.push({ ...entry('MOVED', 0n, item.startsOn + 30, { segmentId }), itemId: item.id })
  }
  await post(tx, organization.id, await auditFor(tx, organization, LAST_POSTING - 1), { locked, entries })
}

/** Invoices over three product lines, whose parts no cent divides, paid in two parts. */
async function billByProductLine(tx: Tx, organization: KpiOrganization): Promise<void> {
  const [customer] = await tx.sql<[{ id: string }]>`select id from customer order by number limit 1`
  const items: NewItem[] = []
  const entries: NewEntry[] = []
  for (let number = 0; number < 24; number++) {
    const currency = number % 2 === 0 ? 'USD' : 'EUR'
    const lines = ['Bolts', 'Nuts', 'Screws']
    const segments: number[] = []
    for (const line of lines) segments.push(await segmentIn(tx, organization, currency, 'EMEA', line))
    const startsOn = day('2025-01-07') + number * 15
    const amount = BigInt(10_001 + number * 7_777)
    const id = crypto.randomUUID()
    items.push({
      id,
      customerId: customer.id,
      currency,
      segmentId: segments[2] ?? 0,
      startsOn,
      shares: segments.map((segmentId, index) => ({
        number: index + 1,
        segmentId,
        weight: BigInt(index * 3 + 1 + number),
      })),
      kind: 'INVOICE',
      invoice: { number: `lines ${number}`, dueOn: startsOn + 40, dueDerived: false },
    })
    const part = amount / 3n
    entries.push(
      { ...entry('INVOICED', part, startsOn, { dueOn: startsOn + 20 }), itemId: id },
      { ...entry('INVOICED', amount - part, startsOn, { installment: 2, dueOn: startsOn + 40 }), itemId: id },
      { ...entry('PAYMENT_APPLIED', -part / 2n, startsOn + 15), itemId: id },
      { ...entry('PAYMENT_APPLIED', part - amount, startsOn + 55, { installment: 2 }), itemId: id },
    )
  }
  await post(tx, organization.id, await auditFor(tx, organization, LAST_POSTING), { items, entries })
}
