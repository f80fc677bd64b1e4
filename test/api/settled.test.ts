/** What was answered can be answered again: `knownAt` never lies in a time whose postings are still under way. */
import { inTransaction, openReader, type Tx } from '@tidemark/drizzle/transaction.ts'
import { readSettledAt } from '@tidemark/server/ledger/settled.ts'
import { writeAudit } from '@tidemark/server/ledger/audit.ts'
import { post } from '@tidemark/server/ledger/post.ts'
import { segmentFor } from '@tidemark/server/ledger/segments.ts'
import { parseDay } from '@tidemark/server/domain/day.ts'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'

let server: TestServer
let organization: OrganizationRow
let token: string

beforeEach(async () => {
  server = await startTestServer()
  organization = await server.createOrganization()
  token = await server.createToken(organization, 'viewer')
})
afterEach(() => server.close())

/** Records an invoice of 100 and waits for `mayCommit` with the transaction open. Settles with its `recordedAt`. */
async function bill(
  owner: OrganizationRow,
  mayCommit: Promise<unknown> = Promise.resolve(),
): Promise<{ readonly recordedAt: Temporal.Instant; readonly committed: Promise<void> }> {
  const recorded = Promise.withResolvers<Temporal.Instant>()
  const work = async (tx: Tx) => {
    const customerId = crypto.randomUUID()
    const segment = { currency: 'USD', region: null, channel: null, businessUnit: null }
    const segmentId = await segmentFor(tx, owner.id, { ...segment, productLine: null, collectorId: null })
    await tx.insert(customer).values({
      organizationId: owner.id,
      id: customerId,
      number: customerId,
      name: 'One',
      termsDays: 30,
    })
    const audit = await writeAudit(
      tx,
      { organization: owner, actor: 'test' },
      { action: 'bill', subject: customerId },
    )
    const day = parseDay('2026-01-31') ?? Number.NaN
    const id = crypto.randomUUID()
    const item = { id, customerId, segmentId, currency: 'USD', startsOn: day, kind: 'INVOICE' } as const
    await post(tx, owner.id, audit, {
      items: [{ ...item, invoice: { number: id, dueOn: day, dueDerived: false } }],
      entries: [
        {
          itemId: id,
          kind: 'INVOICED',
          installment: 1,
          amount: 100_00n,
          effectiveOn: day,
          occurredOn: day,
          dueOn: day,
          counterpartId: null,
        },
      ],
    })
    recorded.resolve(Temporal.Instant.from(audit.recordedAt))
    await mayCommit
  }
  const committed = inTransaction(server.connection, { organizationId: owner.id, mode: 'write' }, work)
  committed.catch(recorded.reject)
  return { recordedAt: await recorded.promise, committed }
}

type Answered = {
  readonly kpis: readonly { readonly value: number | null; readonly knownAt: string }[]
  readonly aging: { readonly knownAt: string; readonly total: { readonly amount: string } }
}

const ask = (knownAt: string | null = null): Promise<Answered> =>
  execute<Answered>(
    server.url,
    token,
    `query ($knownAt: DateTime) {
      kpis(metrics: [TOTAL_RECEIVABLES, OPEN_INVOICE_COUNT], asOf: "2026-02-28", knownAt: $knownAt) { value knownAt }
      aging(asOf: "2026-02-28", knownAt: $knownAt) { knownAt total { amount } unexplained { amount } }
    }`,
    { knownAt },
  )

it('an answer beside open postings is the same when it is asked for again after their commit', async () => {
  await (
    await bill(organization)
  ).committed
  const mayCommit = Promise.withResolvers<void>()
  const slow = await bill(organization, mayCommit.promise)
  // Recorded later, committed earlier: no `knownAt` has the one without the other.
  await (
    await bill(organization)
  ).committed
  const first = await ask()
  expect(first.kpis.map(({ value }) => value)).toEqual([100, 1])
  const [{ knownAt } = { knownAt: '' }] = first.kpis
  expect(Temporal.Instant.compare(Temporal.Instant.from(knownAt), slow.recordedAt)).toBe(-1)
  expect(first.aging.knownAt).toBe(knownAt)
  // Asked for a later moment, the answer says up to which it knows.
  expect(await ask('2099-01-01T00:00:00Z')).toEqual(first)
  mayCommit.resolve()
  await slow.committed
  expect(await ask(knownAt)).toEqual(first)
  expect((await ask()).kpis.map(({ value }) => value)).toEqual([300, 3])
})

it('who has posted finds it in the next answer', async () => {
  for (let invoices = 1; invoices <= 20; invoices++) {
    await (
      await bill(organization)
    ).committed
    expect((await ask()).kpis.map(({ value }) => value)).toEqual([100 * invoices, invoices])
  }
})

it('the postings of others hold nothing up', async () => {
  const other = await server.createOrganization()
  const mayCommit = Promise.withResolvers<void>()
  const slow = await bill(other, mayCommit.promise)
  await (
    await bill(organization)
  ).committed
  expect((await ask()).kpis.map(({ value }) => value)).toEqual([100, 1])
  const settled = await readSettledAt(server.connection, other.id)
  expect(Temporal.Instant.compare(settled, slow.recordedAt)).toBe(-1)
  // Also for a user who may see nothing else of other sessions.
  const seen = await inTransaction(
    server.connection,
    { organizationId: null, mode: 'read' },
    (tx) => tx.sql`select from pg_stat_activity where application_name like ${`posting ${other.id} %`}`,
  )
  expect(seen).toHaveLength(1)
  mayCommit.resolve()
  await slow.committed
})

it('answers of readers are repeatable while postings come one upon the other', async () => {
  await (
    await bill(organization)
  ).committed
  const enough = new AbortController()
  const posting = Array.from({ length: 3 }, async () => {
    while (!enough.signal.aborted) await (await bill(organization)).committed
  })
  const answers: Answered[] = []
  for (let count = 0; count < 40; count++) answers.push(await ask())
  enough.abort()
  await Promise.all(posting)
  for (const answer of answers) expect(await ask(answer.aging.knownAt)).toEqual(answer)
  expect(new Set(answers.map(({ aging }) => aging.total.amount)).size).toBeGreaterThan(5)
})

it('is known to more readers at once than the pool has connections', async () => {
  const { connection } = server
  const before = () => readSettledAt(connection, organization.id)
  const readOne = async () => {
    const reader = openReader(connection, organization.id, { before })
    const [row] = await reader.read(({ sql }) => sql<{ one: number }[]>`select 1 as one`)
    await reader.close()
    return row?.one
  }
  expect(await Promise.all(Array.from({ length: 60 }, readOne))).toEqual(Array.from({ length: 60 }, () => 1))
})
