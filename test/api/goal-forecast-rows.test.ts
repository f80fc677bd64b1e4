/** A forecast that was found anew is told where people see it: no further row of progress for a digit that nobody is shown. */
import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Fit } from '@tidemark/server/domain/forecast.ts'
import { decodeId } from '@tidemark/server/ids.ts'
import { evaluate } from '@tidemark/server/live/evaluate.ts'
import { goalForecast } from '@tidemark/drizzle/tables/goal.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { openDesk } from '../support/goals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const NOW = Temporal.Instant.from('2026-07-01T12:00:00Z')
const TODAY = Temporal.PlainDate.from('2026-07-01')

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ clock: () => NOW })
}, 60_000)
afterAll(() => server.close())

type Told = {
  readonly sequence: string
  readonly forecast: { readonly probability: number | null; readonly value: number | null }
}

it('a new forecast appends nothing but what looks different', { timeout: 90_000 }, async () => {
  const desk = await openDesk(server, 'progress { sequence forecast { probability value } }')
  const weeks = 80
  for (let week = 0; week < weeks; week++)
    await desk.bill([week], {
      issuedOn: TODAY.subtract({ days: 7 * (weeks - 1 - week) + (week % 3) }).toString(),
    })
  const { id } = await desk.create({
    baseline: '70',
    target: '88',
    direction: 'INCREASE',
    deadline: '2026-08-25',
  })
  const isFound = ({ progress }: { readonly progress: unknown }) =>
    (progress as Told | null)?.forecast.probability != null
  const found = await desk.until(id, isFound)
  const organizationId = desk.organization.id
  const isIt = and(
    eq(goalForecast.organizationId, organizationId),
    eq(goalForecast.goalId, decodeId('goal', id) ?? ''),
  )
  /** As if the forecast had been found anew, from values of the past that rise more steeply by so much a week. */
  const refit = async (by: number): Promise<Told> => {
    await inTransaction(server.connection, { organizationId, mode: 'write' }, async (tx) => {
      const [row] = await tx.select().from(goalForecast).where(isIt)
      const fit = row?.fit as Fit
      await tx
        .update(goalForecast)
        .set({
          fit: { ...fit, tail: fit.tail.map((value, week) => (value === null ? null : value + by * week)) },
        })
        .where(isIt)
    })
    const tries = { left: 50 }
    for (;;) {
      const done = await evaluate(server.connection, desk.organization, NOW, (error) => {
        throw error
      })
      if (done.outcome === 'DONE' || tries.left-- === 0) break
    }
    return (await desk.read(id)).progress as unknown as Told
  }
  const before = found.progress as unknown as Told
  expect(await refit(0.000_1)).toEqual(before)
  const after = await refit(0.5)
  expect(Number(after.sequence)).toBe(Number(before.sequence) + 1)
  // Eight weeks on, four more.
  expect(Math.round(after.forecast.value ?? 0)).toBe(Math.round(before.forecast.value ?? 0) + 4)
})
