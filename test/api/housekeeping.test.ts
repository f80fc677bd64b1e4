/** What is forgotten, and what is not. */
import { budget, idempotencyKey, invitation } from '@tidemark/drizzle/tables/access.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { forgetOld, startHousekeeping } from '@tidemark/server/housekeeping.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let organizations: readonly string[]
beforeAll(async () => {
  server = await startTestServer()
  organizations = [(await server.createOrganization()).id, (await server.createOrganization()).id]
})
afterAll(() => server.close())

/** Long after today, so that the server's own housekeeping, which goes by the real clock, finds nothing old. */
const now = Temporal.Instant.from('2099-06-30T12:00:00Z')
const daysAgo = (days: number) => now.subtract({ minutes: Math.round(24 * 60 * days) })

const failed = (error: unknown) => expect.fail(String(error))

const within = <T>(organizationId: string, run: (tx: Tx) => Promise<T>) =>
  inTransaction(server.connection, { organizationId, mode: 'write' }, run)

const fill = (organizationId: string) =>
  within(organizationId, async (tx) => {
    const ages = [0, 0.9, 1.1, 6.9, 7.1, 29, 31, 400]
    const key = { actor: 'token:1', inputHash: '', outcome: {} }
    await tx
      .insert(idempotencyKey)
      .values(ages.map((days) => ({ organizationId, ...key, key: `${days} days`, createdAt: daysAgo(days) })))
    await tx
      .insert(budget)
      .values(
        ages.map((days) => ({ organizationId, actor: `${days} days`, level: 0, refilledAt: daysAgo(days) })),
      )
    const invited = { role: 'viewer' as const, invitedBy: 'test' }
    await tx.insert(invitation).values(
      [
        { email: 'open', expiresAt: daysAgo(-1) },
        { email: 'accepted lately', expiresAt: daysAgo(20), acceptedAt: daysAgo(27) },
        { email: 'accepted', expiresAt: daysAgo(-1), acceptedAt: daysAgo(31) },
        { email: 'revoked', expiresAt: daysAgo(-1), revokedAt: daysAgo(31) },
        { email: 'expired lately', expiresAt: daysAgo(29) },
        { email: 'expired', expiresAt: daysAgo(31) },
      ].map((row) => ({
        organizationId,
        id: crypto.randomUUID(),
        secretHash: row.email,
        ...invited,
        ...row,
      })),
    )
  })

const left = (organizationId: string) =>
  within(organizationId, async (tx) => ({
    keys: (await tx.select().from(idempotencyKey)).map(({ key }) => key).toSorted(),
    budgets: (await tx.select().from(budget)).map(({ actor }) => actor).toSorted(),
    invitations: (await tx.select().from(invitation)).map(({ email }) => email).toSorted(),
  }))

const expected = {
  keys: ['0 days', '0.9 days', '1.1 days', '6.9 days'],
  budgets: ['0 days', '0.9 days'],
  invitations: ['accepted lately', 'expired lately', 'open'],
}

describe('housekeeping', () => {
  it('forgets keys after 7 days, budgets after one, invitations 30 days after they were over, of every organization', async () => {
    await Promise.all(organizations.map(fill))
    await forgetOld(server.connection, now)
    for (const id of organizations) expect(await left(id)).toEqual(expected)
  })

  it('forgets more than one transaction takes, and what several processes are at only once', async () => {
    const [organizationId = ''] = organizations
    await within(organizationId, ({ sql }) =>
      sql`
        insert into idempotency_key (organization_id, actor, key, input_hash, outcome, created_at)
        select ${organizationId}, 'token:2', n::text, '', '{}', ${daysAgo(8).toString()}
        from generate_series(1, 3500) as n`.execute(),
    )
    await Promise.all([1, 2, 3].map(() => forgetOld(server.connection, now)))
    // A batch that another process was at counts as the end, until the next time.
    await forgetOld(server.connection, now)
    expect(await left(organizationId)).toEqual(expected)
  })

  it('runs when it starts and again, and stops when it is closed', async () => {
    const [organizationId = ''] = organizations
    const addOld = () =>
      within(organizationId, (tx) =>
        tx
          .insert(budget)
          .values({ organizationId, actor: 'old', level: 0, refilledAt: daysAgo(2) })
          .onConflictDoNothing(),
      )
    const budgets = async () => (await left(organizationId)).budgets
    await addOld()
    const running = startHousekeeping(server.connection, () => now, failed, 50)
    await expect.poll(budgets).toEqual(expected.budgets)
    await addOld()
    await expect.poll(budgets).toEqual(expected.budgets)
    await running.close()
    await addOld()
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(await budgets()).toContain('old')
  })
})
