import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { once, type OnceRequest } from '@tidemark/server/idempotency.ts'
import { invalid } from '@tidemark/server/problem.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let acme: OrganizationRow
beforeAll(async () => {
  server = await startTestServer()
  acme = await server.createOrganization()
})
afterAll(() => server.close())

const request = (changes: Partial<OnceRequest> = {}): OnceRequest => ({
  organizationId: acme.id,
  actor: 'token:1',
  action: 'recordReceipt',
  key: crypto.randomUUID(),
  input: { amount: '12.50' },
  ...changes,
})

/** One command: what `once` answers and how often it ran. */
const carryOut = async <T extends object>(wanted: OnceRequest, run: () => Promise<T>) =>
  inTransaction(server.connection, { organizationId: acme.id, mode: 'write' }, (tx) => once(tx, wanted, run))

describe('an idempotency key', () => {
  it('carries a command out once and answers with the same outcome again, to the last digit', async () => {
    let runs = 0
    const outcome = {
      id: '1',
      minor: 9_007_199_254_740_993n,
      on: Temporal.PlainDate.from('2026-02-28'),
      at: Temporal.Instant.from('2026-02-28T12:00:00.123456Z'),
      list: [{ minor: -1n }, null],
    }
    const wanted = request()
    const run = () => {
      runs += 1
      return Promise.resolve(outcome)
    }
    expect(await carryOut(wanted, run)).toEqual(outcome)
    const again = await carryOut(wanted, run)
    expect(again).toEqual(outcome)
    expect((again as typeof outcome).on.toString()).toBe('2026-02-28')
    expect((again as typeof outcome).at.toString()).toBe('2026-02-28T12:00:00.123456Z')
    expect(runs).toBe(1)
  })

  it('does not mind the order of fields, nor whether a field is null or left out', async () => {
    const key = crypto.randomUUID()
    await carryOut(request({ key, input: { a: 1n, b: { c: null, d: [1] } } }), () =>
      Promise.resolve({ first: true }),
    )
    const again = await carryOut(request({ key, input: { b: { d: [1] }, a: 1n, e: undefined } }), () =>
      Promise.resolve({ first: false }),
    )
    expect(again).toEqual({ first: true })
  })

  it.each([
    ['another input', { input: { amount: '12.51' } }],
    ['another command', { action: 'recordInvoice' }],
  ])('is refused with %s', async (_case, changes) => {
    const key = crypto.randomUUID()
    await carryOut(request({ key }), () => Promise.resolve({}))
    expect(await carryOut(request({ key, ...changes }), () => Promise.resolve({}))).toMatchObject({
      __typename: 'Conflict',
      code: 'KEY_REUSED',
      path: ['idempotencyKey'],
    })
  })

  it('belongs to its actor', async () => {
    const key = crypto.randomUUID()
    await carryOut(request({ key }), () => Promise.resolve({ by: 1 }))
    expect(await carryOut(request({ key, actor: 'token:2' }), () => Promise.resolve({ by: 2 }))).toEqual({
      by: 2,
    })
  })

  it('is free again after a problem, and after an error', async () => {
    const wanted = request()
    const problem = invalid(['amount'], 'Too much')
    expect(await carryOut(wanted, () => Promise.resolve(problem))).toEqual(problem)
    await expect(carryOut(wanted, () => Promise.reject(new Error('lost')))).rejects.toThrow('lost')
    expect(await carryOut(wanted, () => Promise.resolve({ done: true }))).toEqual({ done: true })
  })

  it('lets one of many at the same time run; the others wait and get its outcome', async () => {
    let runs = 0
    const wanted = request()
    const run = async () => {
      runs += 1
      await new Promise((resolve) => setTimeout(resolve, 50))
      return { run: runs }
    }
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => carryOut(wanted, run)))
    expect(runs).toBe(1)
    expect(outcomes).toEqual(Array.from({ length: 30 }, () => ({ run: 1 })))
  })

  it('lets the next one run where the first met a problem', async () => {
    let runs = 0
    const wanted = request()
    const run = async () => {
      runs += 1
      await new Promise((resolve) => setTimeout(resolve, 20))
      return runs === 1 ? invalid([], 'Not yet') : { run: runs }
    }
    const outcomes = await Promise.all([carryOut(wanted, run), carryOut(wanted, run), carryOut(wanted, run)])
    expect(outcomes.filter((outcome) => 'run' in outcome)).toEqual([{ run: 2 }, { run: 2 }])
  })

  it('has 1 to 255 characters; without one a command simply runs', async () => {
    for (const key of ['', 'x'.repeat(256)]) {
      expect(await carryOut(request({ key }), () => Promise.resolve({}))).toMatchObject({ code: 'INVALID' })
    }
    expect(await carryOut(request({ key: null }), () => Promise.resolve({ ran: true }))).toEqual({
      ran: true,
    })
  })
})
