/** Fills a database with items through the ledger's own posting function, posting by posting. */
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { exchangeRate } from '@tidemark/drizzle/tables/kpi.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { dateOf } from '@tidemark/server/domain/day.ts'
import type { KpiOrganization } from '@tidemark/server/kpi/source.ts'
import { lockItems } from '@tidemark/server/ledger/histories.ts'
import { writeAudit } from '@tidemark/server/ledger/audit.ts'
import { noFacts } from '@tidemark/server/domain/invoice.ts'
import type { NewItem } from '@tidemark/server/ledger/new-items.ts'
import { post } from '@tidemark/server/ledger/post.ts'
import { segmentFor } from '@tidemark/server/ledger/segments.ts'
import type { PlainItem as Item, Quotation } from './brute-force.ts'

/** An item, who looks after it, and the other dimensions of its segment. */
export type PlainItem = Item & {
  readonly collectorId?: string | null
  readonly businessUnit?: string | null
  readonly channel?: string | null
}

export async function makeOrganization(
  connection: Connection,
  more: Partial<KpiOrganization> = {},
): Promise<KpiOrganization> {
  const made = { id: crypto.randomUUID(), baseCurrency: 'USD', timeZone: 'UTC', ...more }
  await inTransaction(connection, { organizationId: made.id, mode: 'write' }, async (tx) => {
    await tx.insert(organization).values({ ...made, slug: `o-${made.id}`, name: 'Test' })
  })
  return made
}

/**
 * Posts the entries in the order of their posting numbers, each posting in a transaction of its own and recorded at the
 * moment given for it. `posted` is awaited after each, before the next.
 */
export async function postItems(
  connection: Connection,
  { id }: Pick<KpiOrganization, 'id'>,
  items: readonly PlainItem[],
  recordedAt: (posting: number) => Temporal.Instant,
  posted: (posting: number) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const writing = { organizationId: id, mode: 'write', timeoutMs: null } as const
  const placed = await inTransaction(connection, writing, (tx) => place(tx, id, items))
  const uuids = new Map<string, string>()
  const uuidOf = (name: string | null): string | null => {
    if (name !== null && !uuids.has(name)) uuids.set(name, crypto.randomUUID())
    return name === null ? null : (uuids.get(name) ?? null)
  }
  const postings = new Set(items.flatMap((item) => item.entries.map((entry) => entry.posting)))
  for (const posting of [...postings].sort((a, b) => a - b)) {
    await inTransaction(connection, writing, async (tx) => {
      const audit = await writeAudit(
        tx,
        { organization: { id }, actor: 'test' },
        { action: 'import', subject: id },
        recordedAt(posting),
      )
      const touched = placed.filter(({ item }) => item.entries.some((entry) => entry.posting === posting))
      const isNew = ({ item }: Placed) => item.entries.every((entry) => entry.posting >= posting)
      const old = touched.filter((one) => !isNew(one))
      const locked = await lockItems(
        tx,
        id,
        [...new Set(old.map((one) => one.row.customerId))],
        old.map((one) => one.row.id),
      )
      await post(tx, id, audit, {
        items: touched.filter(isNew).map(({ row }) => row),
        locked,
        entries: touched.flatMap(({ item, row }) =>
          item.entries
            .filter((entry) => entry.posting === posting)
            .map((entry) => ({ ...entry, itemId: row.id, counterpartId: uuidOf(entry.counterpartId) })),
        ),
      })
    })
    await posted(posting)
  }
}

type Placed = { readonly item: PlainItem; readonly row: NewItem }

async function place(tx: Tx, organizationId: string, items: readonly PlainItem[]): Promise<Placed[]> {
  const customerId = crypto.randomUUID()
  await tx
    .insert(customer)
    .values({ organizationId, id: customerId, number: customerId, name: 'Test', termsDays: 30 })
  const segments = new Map<string, number>()
  const placed: Placed[] = []
  for (const item of items) {
    const { currency, region, collectorId = null, businessUnit = null, channel = null } = item
    const dimensions = { currency, region, channel, businessUnit, productLine: null, collectorId }
    const key = JSON.stringify(dimensions)
    const segmentId = segments.get(key) ?? (await segmentFor(tx, organizationId, dimensions))
    segments.set(key, segmentId)
    const common = { id: crypto.randomUUID(), customerId, segmentId, currency, startsOn: item.startsOn }
    placed.push({ item, row: detailed(common, item) })
  }
  return placed
}

function detailed(
  common: Omit<NewItem, 'kind' | 'invoice' | 'reference'>,
  { kind, facts = noFacts, entries }: PlainItem,
): NewItem {
  switch (kind) {
    case 'INVOICE': {
      const dueOn = Math.max(...entries.flatMap((entry) => entry.dueOn ?? []))
      const { deliveredOn, sentOn, discount, discountUntil, tax } = facts
      return {
        ...common,
        kind,
        invoice: {
          number: common.id,
          dueOn,
          dueDerived: false,
          deliveredOn,
          sentOn,
          discount: discountUntil === null ? null : { amount: discount, until: discountUntil },
          tax,
        },
      }
    }
    case 'RECEIPT':
      return { ...common, kind, reference: null }
    case 'CREDIT_NOTE':
      return { ...common, kind, tax: facts.tax }
    case 'DISPUTE':
      return { ...common, kind }
  }
}

export const addRates = (
  connection: Connection,
  { id }: Pick<KpiOrganization, 'id'>,
  quotations: readonly Quotation[],
): Promise<void> =>
  inTransaction(connection, { organizationId: id, mode: 'write' }, async (tx) => {
    const rows = quotations.map(({ currency, day, rate }) => ({
      organizationId: id,
      currency,
      validOn: dateOf(day),
      rate,
      source: 'test',
    }))
    await tx.insert(exchangeRate).values(rows)
  })
