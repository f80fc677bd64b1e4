/** The plan of sales through the API: recorded, imported, set against credit lines, and refused line by line. */
import * as fc from 'fast-check'
import { salesPlan } from '@tidemark/drizzle/tables/sales-plan.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const now = Temporal.Instant.from('2026-04-10T12:00:00Z')
let server: TestServer
let acme: OrganizationRow
let token: string
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
  acme = await server.createOrganization({ slug: 'acme', baseCurrency: 'USD', timeZone: 'UTC' })
  token = await server.createToken(acme)
  for (const [number, region, limit, owed] of [
    ['N', 'North', '1000', '500'],
    ['S', 'South', '200', '100'],
  ]) {
    const customer = { number }
    await run('createCustomer', { number, name: number, termsDays: 30, region, channel: 'Direct' })
    const amount = { amount: limit, currency: 'USD' }
    await run('setCreditLimit', { customer, limit: { amount }, reason: 'New' })
    const owing = { amount: owed, currency: 'USD' }
    await run('recordInvoice', { customer, number: `I-${number}`, amount: owing, issuedOn: '2026-04-01' })
  }
})
afterAll(() => server.close())

type Answer = Record<string, unknown>
async function run(name: string, input: Answer, fields = 'dryRun'): Promise<Answer> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const answer = await execute<Record<string, Answer>>(
    server.url,
    token,
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on ${type}Success { ${fields} }
       ... on Problem { code path message } } }`,
    { input },
  )
  return answer[name] ?? {}
}

const importing = (csv: string, more: Answer = {}) =>
  execute<{ importSalesPlan: Answer }>(
    server.url,
    token,
    `mutation ($input: ImportSalesPlanInput!) { importSalesPlan(input: $input) { __typename
       ... on ImportSalesPlanSuccess { recorded unchanged unusedColumns dryRun audit { id } }
       ... on SalesPlanRefused { path message faults { row path message } } ... on Problem { code } } }`,
    { input: { csv, reason: 'Plan of 2026', ...more } },
  ).then((answer) => answer.importSalesPlan)

const stored = () =>
  inTransaction(server.connection, { organizationId: acme.id, mode: 'read' }, (tx) => tx.$count(salesPlan))

async function plan(args = ''): Promise<unknown> {
  const { creditLinePlan } = await execute<{ creditLinePlan: unknown }>(
    server.url,
    token,
    `{ creditLinePlan(months: 2${args}) { month planned { amount } needed { amount } shortfall { amount }
       segments { channel region exposure { amount } headroom { amount } shortfall { amount }
         lines { productLine needed { amount } shortfall { amount } } } } }`,
  )
  return creditLinePlan
}

const FILE = `Month,planned,channel,region,product_line,terms_days,Remark
2026-04,900.00,Direct,North,,,steady
2026-04-15,400,Direct,South,Tools,30,
2026-04,100,Direct,South,Parts,30,
2026-05,310,Direct,North,,60,
`

describe('the plan of sales', () => {
  it('is tried, imported once, and left as it is when it comes again', async () => {
    expect(await importing(FILE, { termsDays: 30, dryRun: true })).toEqual({
      __typename: 'ImportSalesPlanSuccess',
      recorded: 4,
      unchanged: 0,
      unusedColumns: ['remark'],
      dryRun: true,
      audit: null,
    })
    expect(await stored()).toBe(0)
    expect(await importing(FILE, { termsDays: 30 })).toMatchObject({ recorded: 4, dryRun: false })
    expect(await importing(FILE, { termsDays: 30 })).toMatchObject({ recorded: 0, unchanged: 4 })
    expect(await stored()).toBe(4)
  })

  it('tells month by month and segment by segment which credit lines are missing', async () => {
    const money = (amount: string) => ({ amount })
    // As in test/domain/sales-plan.test.ts; in May 310 x 60 / 31 = 600, of which 500 are in use.
    expect(await plan()).toEqual([
      {
        month: '2026-04-01',
        planned: money('1400.00'),
        needed: money('1400.00'),
        shortfall: money('300.00'),
        segments: [
          {
            channel: 'Direct',
            region: 'South',
            exposure: money('100.00'),
            headroom: money('100.00'),
            shortfall: money('300.00'),
            lines: [
              { productLine: 'Parts', needed: money('100.00'), shortfall: money('60.00') },
              { productLine: 'Tools', needed: money('400.00'), shortfall: money('240.00') },
            ],
          },
          {
            channel: 'Direct',
            region: 'North',
            exposure: money('500.00'),
            headroom: money('500.00'),
            shortfall: money('0.00'),
            lines: [{ productLine: null, needed: money('900.00'), shortfall: money('0.00') }],
          },
        ],
      },
      expect.objectContaining({ month: '2026-05-01', needed: money('600.00'), shortfall: money('0.00') }),
    ])
  })

  it('is KPIs of the month that a day lies in, by region and product line, for goals too', async () => {
    const kpis = async (args: string) => {
      const answer = await execute<{ kpis: { valueExact: string | null; reason: string | null }[] }>(
        server.url,
        token,
        `{ kpis(metrics: [PLANNED_REVENUE, CREDIT_LINE_NEEDED, CREDIT_LINE_SHORTFALL], ${args}) { valueExact reason } }`,
      )
      return answer.kpis.map(({ valueExact, reason }) => valueExact ?? reason)
    }
    expect(await kpis('asOf: "2026-04-10"')).toEqual(['1400.00', '1400.00', '300.00'])
    expect(await kpis('filter: { region: ["North"] }')).toEqual(['900.00', '900.00', '0.00'])
    expect(await kpis('filter: { productLine: ["Tools"] }')).toEqual(['400.00', '400.00', '240.00'])
    expect(await kpis('asOf: "2026-03-31"')).toEqual(['NOT_RECORDED', 'NOT_RECORDED', 'NOT_RECORDED'])
    expect(new Set(await kpis('filter: { businessUnit: ["B"] }'))).toEqual(new Set(['NOT_BY_SEGMENT']))
    const goal = {
      name: 'Lines for the plan',
      metric: 'CREDIT_LINE_SHORTFALL',
      direction: 'DECREASE',
      target: '0',
      startsOn: '2026-04-10',
      deadline: '2026-12-31',
    }
    expect(await run('createGoal', goal, 'goal { baselineExact }')).toMatchObject({
      goal: { baselineExact: '300.00' },
    })
  })

  it('is changed and taken back row by row', async () => {
    const set = (planned: string, termsDays = 30) =>
      run(
        'setSalesPlan',
        {
          rows: [
            {
              month: '2026-04-30',
              channel: 'Direct',
              region: 'South',
              productLine: 'Tools',
              planned: { amount: planned, currency: 'USD' },
              termsDays,
            },
          ],
          reason: 'Less',
        },
        'recorded unchanged',
      )
    expect(await set('0')).toMatchObject({ recorded: 1 })
    expect(await plan()).toMatchObject([
      { planned: { amount: '1000.00' }, shortfall: { amount: '0.00' } },
      {},
    ])
    expect(await set('0')).toMatchObject({ recorded: 0, unchanged: 1 })
    expect(await set('400')).toMatchObject({ recorded: 1 })
    expect(await set('400', 60)).toMatchObject({ recorded: 1 })
    expect(await plan()).toMatchObject([{ needed: { amount: '1800.00' } }, {}])
  })

  it('names every line that is at fault, and takes none of the others', async () => {
    const before = await stored()
    const csv = [
      'month,planned,currency,terms_days,region',
      '2026-06,10,USD,30,West',
      '2026-13,10,USD,30,West',
      '2026-06,10.001,USD,30,East',
      '2026-06,ten,USD,30,East',
      '2026-06,10,XXQ,30,East',
      '2026-06,10,USD,4000,East',
      '2026-06,10,USD,soon,East',
      '2026-06,-1,USD,30,East',
      '2026-06-30,11,USD,30,West',
    ].join('\n')
    const { faults, message, ...refused } = (await importing(csv)) as {
      faults: { row: number; path: string[]; message: string }[]
      message: string
    }
    expect(refused).toEqual({ __typename: 'SalesPlanRefused', code: 'INVALID', path: ['csv'] })
    expect(faults.map(({ row, path }) => [row, ...path])).toEqual([
      [3, 'month'],
      [4, 'planned'],
      [5, 'planned'],
      [6, 'currency'],
      [7, 'terms_days'],
      [8, 'terms_days'],
      [9, 'planned'],
      [10],
    ])
    expect(message).toContain('8 of the lines')
    expect(await importing('month,planned\n2026-06,1\n')).toMatchObject({
      faults: [{ row: 2, path: ['terms_days'] }],
    })
    expect(await importing('month\n2026-06\n')).toMatchObject({ __typename: 'InvalidInput', code: 'INVALID' })
    expect(await stored()).toBe(before)
  })

  it('never fails nor keeps half of a file, whatever is in it', { timeout: 120_000 }, async () => {
    const cell = fc.oneof(
      fc.constantFrom(
        '2026-07',
        '2026-07-31',
        '0',
        '12.5',
        'USD',
        'JPY',
        '30',
        '',
        '9223372036854775807',
        '1e9',
      ),
      fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll('\0', '')),
    )
    const line = fc.array(cell, { maxLength: 8 }).map((cells) => cells.join(','))
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
        const before = await stored()
        const header = 'month,planned,currency,terms_days,channel,region,product_line'
        const csv = [header, ...lines].join('\n')
        const outcome = await importing(csv, { termsDays: 30 })
        const recorded = Number(outcome['recorded'] ?? 0)
        expect(['ImportSalesPlanSuccess', 'SalesPlanRefused', 'InvalidInput']).toContain(
          outcome['__typename'],
        )
        expect(await stored()).toBe(before + recorded)
      }),
      { numRuns: 60 },
    )
  })
})
