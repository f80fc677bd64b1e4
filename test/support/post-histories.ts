/** Fills a database with histories through the ledger's own posting function. */
import { customer, exchangeRate, organization } from '@tidemark/drizzle/tables.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { dateOf } from '@tidemark/server/domain/day.ts'
import type { History } from '@tidemark/server/domain/projection.ts'
import type { ExchangeRate } from '@tidemark/server/domain/rates.ts'
import type { KpiOrganization } from '@tidemark/server/kpi/queries.ts'
import { post, writeAudit, type NewItem } from '@tidemark/server/ledger/post.ts'
import { segmentFor } from '@tidemark/server/ledger/segments.ts'

export type Placed = {
  readonly history: History
  readonly currency: string
  readonly region?: string
  readonly channel?: string
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

/** Posts the histories as one import that is recorded at `recordedAt`; the database's clock where it is null. */
export async function postHistories(
  connection: Connection,
  { id }: KpiOrganization,
  placed: readonly Placed[],
  recordedAt: Temporal.Instant | null = null,
): Promise<void> {
  await inTransaction(connection, { organizationId: id, mode: 'write', timeoutMs: null }, async (tx) => {
    const customerId = await makeCustomer(tx, id)
    const audit = await writeAudit(tx, id, { actor: 'test', action: 'import', subject: id }, recordedAt)
    const items: NewItem[] = []
    const segments = new Map<string, number>()
    for (const { history, currency, region = null, channel = null } of placed) {
      const dimensions = {
        currency,
        region,
        channel,
        businessUnit: null,
        productLine: null,
        collectorId: null,
      }
      const key = JSON.stringify(dimensions)
      const segmentId = segments.get(key) ?? (await segmentFor(tx, id, dimensions))
      segments.set(key, segmentId)
      const common = {
        id: crypto.randomUUID(),
        customerId,
        segmentId,
        currency,
        startsOn: history.startsOn,
      }
      items.push(detailed(common, history))
    }
    const entries = placed.flatMap(({ history }, index) =>
      history.entries.map((entry) => ({ ...entry, itemId: items[index]?.id ?? '' })),
    )
    await post(tx, id, audit, { items, entries })
  })
}

function detailed(
  common: Omit<NewItem, 'kind' | 'invoice' | 'reference'>,
  { kind, entries }: History,
): NewItem {
  switch (kind) {
    case 'INVOICE': {
      const dueOn = Math.max(...entries.flatMap((entry) => entry.dueOn ?? []))
      return { ...common, kind, invoice: { number: common.id, dueOn, dueDerived: false } }
    }
    case 'RECEIPT':
      return { ...common, kind, reference: null }
    case 'CREDIT_NOTE':
    case 'DISPUTE':
      return { ...common, kind }
  }
}

async function makeCustomer(tx: Tx, organizationId: string): Promise<string> {
  const id = crypto.randomUUID()
  await tx.insert(customer).values({ organizationId, id, number: id, name: 'Test', termsDays: 30 })
  return id
}

export const addRates = (
  connection: Connection,
  { id }: KpiOrganization,
  rates: readonly ExchangeRate[],
): Promise<void> =>
  inTransaction(connection, { organizationId: id, mode: 'write' }, async (tx) => {
    const rows = rates.map(({ currency, validOn, rate }) => ({
      organizationId: id,
      currency,
      validOn: dateOf(validOn),
      rate,
      source: 'test',
    }))
    await tx.insert(exchangeRate).values(rows)
  })
