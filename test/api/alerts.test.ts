/** Alert rules on KPIs and goals: they fire, are told, and are over; over real HTTP and WebSocket. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRule, readAlerts, readRule, voidInvoices, type Alert } from '../support/alerts.ts'
import { openDesk, type Desk } from '../support/goals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const PATIENT = { timeout: 25_000, interval: 50 }
const BEGIN = Temporal.Instant.from('2026-07-01T16:00:00Z')
let now = BEGIN
let server: TestServer
let desk: Desk
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
})
afterAll(() => server.close())
beforeEach(async () => {
  now = BEGIN
  desk = await openDesk(server, '')
})

const later = (days: number) => {
  now = BEGIN.add({ hours: 24 * days })
}
const untilAlerts = (isWanted: (alerts: readonly Alert[]) => boolean) =>
  vi.waitUntil(async () => {
    const alerts = await readAlerts(desk)
    return isWanted(alerts) ? alerts : null
  }, PATIENT)
const untilState = (id: string, state: string) =>
  vi.waitUntil(async () => (await readRule(desk, id)).state === state, PATIENT)

describe('a rule on a KPI', () => {
  it('fires beyond its threshold and not at it, and is over when it is well again', async () => {
    const { id } = await createRule(desk, { recovery: '1', severity: 'CRITICAL' })
    await desk.bill([1, 2])
    await untilState(id, 'OK')
    expect(await readAlerts(desk)).toEqual([])
    await desk.bill([3])
    const [alert] = await untilAlerts((alerts) => alerts.length === 1)
    expect(alert).toMatchObject({
      state: 'FIRING',
      severity: 'CRITICAL',
      summary: 'Open invoices are 3.',
      value: '3',
      raisedOn: '2026-07-01',
      endedAt: null,
      dedupeKey: `${id}:1`,
      rule: { name: 'Many open invoices' },
    })
    // Between the threshold and the recovery threshold nothing changes.
    await voidInvoices(desk, [3])
    await untilAlerts(([one]) => one?.latest === 'Open invoices are 2.')
    expect(await readRule(desk, id)).toMatchObject({ state: 'FIRING' })
    await voidInvoices(desk, [2])
    const [over] = await untilAlerts(([one]) => one?.state === 'ENDED')
    expect(over).toMatchObject({ ending: 'RECOVERED', latest: 'Open invoices are 1.' })
    expect(over?.transitions.map(({ kind }) => kind)).toEqual(['RAISED', 'RECOVERED'])
    // It is armed again.
    await desk.bill([4, 5])
    const [second] = await untilAlerts((alerts) => alerts.length === 2)
    expect(second).toMatchObject({ state: 'FIRING', dedupeKey: `${id}:2` })
  })

  it('fires only when it has held for its days, although nothing is posted meanwhile', async () => {
    const { id } = await createRule(desk, { forDays: 2 })
    await desk.bill([1, 2, 3])
    await untilState(id, 'PENDING')
    later(1)
    await vi.waitUntil(async () => {
      const [row] = await server.connection.sql<{ day: string }[]>`
        select evaluated_on::text as day from evaluation where organization_id = ${desk.organization.id}`
      return row?.day === '2026-07-02'
    }, PATIENT)
    expect(await readRule(desk, id)).toMatchObject({ state: 'PENDING' })
    later(2)
    await untilState(id, 'FIRING')
    expect((await readAlerts(desk)).map(({ raisedOn }) => raisedOn)).toEqual(['2026-07-03'])
  })
})
