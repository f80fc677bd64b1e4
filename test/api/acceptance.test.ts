/**
 * Real invoice files, imported as a user would, against the figures that an independent program printed. The files lie
 * beside the project and not in it; where they are absent this is skipped.
 */
import { join } from 'node:path'
import { Decimal } from 'decimal.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { parseDay } from '@tidemark/server/domain/day.ts'
import { openOn, profileOf, readBilled, totalOf } from '../support/billed.ts'
import { execute } from '../support/graphql.ts'
import { startProcess } from '../support/process.ts'
import { expectedBooks, hasRealBooks } from '../support/real-books.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const FOLDER = join(import.meta.dirname, '../../../shared/data')

type Choice = {
  readonly dsoMonths?: number
  readonly ceiMonths?: number
  readonly rateBasis?: 'AMOUNT'
  readonly floorDaysLate?: boolean
}
type Row = {
  readonly metric: string
  readonly date: string
  readonly region: string | null
  readonly valueExact: string | null
  readonly numerator: string | null
  readonly denominator: string | null
}
type Part = 'valueExact' | 'numerator' | 'denominator'

/** A printed figure of a month: where it stands, and where the API tells it. */
type Figure = {
  readonly path: readonly [string] | readonly [string, string]
  readonly metric: string
  readonly part: Part
  /** What the API's value is divided by: 100 where it tells per cent. */
  readonly scale: number
}
const figure = (path: string, metric: string, part: Part = 'valueExact', scale = 1): Figure => ({
  path: path.split('.') as [string],
  metric,
  part,
  scale,
})

const AMOUNT = { rateBasis: 'AMOUNT' } as const

/** All figures of a month, by the conventions that they are asked for with. */
const monthly: readonly (readonly [Choice, readonly Figure[]])[] = [
  [
    {},
    [
      figure('sales', 'SALES'),
      figure('collections', 'CASH_COLLECTED'),
      figure('collections', 'CASH_APPLIED'),
      figure('ar_end', 'TOTAL_RECEIVABLES'),
      figure('ar_end_current', 'CURRENT_RECEIVABLES'),
      figure('ar_end_past_due', 'PAST_DUE'),
      figure('dso_countback', 'DSO_COUNT_BACK'),
      figure('cei', 'COLLECTION_EFFECTIVENESS_INDEX'),
      figure('turnover_12m', 'RECEIVABLES_TURNOVER'),
      figure('invoiced.count', 'INVOICES_SENT'),
      figure('invoiced.dispute_rate', 'DISPUTE_RATE', 'valueExact', 100),
      figure('invoiced.disputed_count', 'DISPUTE_RATE', 'numerator'),
      figure('due.count', 'ON_TIME_RATE', 'denominator'),
      figure('due.on_time_count', 'ON_TIME_RATE', 'numerator'),
      figure('due.on_time_rate', 'ON_TIME_RATE', 'valueExact', 100),
      figure('settled.count', 'INVOICES_SETTLED'),
      figure('settled.on_time_count', 'ON_TIME_RATE_SETTLED', 'numerator'),
      figure('settled.on_time_rate', 'ON_TIME_RATE_SETTLED', 'valueExact', 100),
      figure('settled.avg_days_to_settle', 'AVERAGE_DAYS_TO_PAY'),
      figure('settled.avg_days_late_signed', 'AVERAGE_DAYS_LATE'),
    ],
  ],
  ...[1, 3, 12].map(
    (dsoMonths) =>
      [
        { dsoMonths },
        [
          figure(`dso_${dsoMonths}m`, 'DSO'),
          figure(`bpdso_${dsoMonths}m`, 'BEST_POSSIBLE_DSO'),
          figure(`add_${dsoMonths}m`, 'AVERAGE_DAYS_DELINQUENT'),
        ],
      ] as const,
  ),
  [{ ceiMonths: 3 }, [figure('cei_3m', 'COLLECTION_EFFECTIVENESS_INDEX')]],
  [
    AMOUNT,
    [
      figure('invoiced.dispute_rate_amount', 'DISPUTE_RATE', 'valueExact', 100),
      figure('due.amount', 'ON_TIME_RATE', 'denominator'),
      figure('due.on_time_rate_amount', 'ON_TIME_RATE', 'valueExact', 100),
      figure('settled.amount', 'AVERAGE_DAYS_TO_PAY', 'denominator'),
      figure('settled.on_time_rate_amount', 'ON_TIME_RATE_SETTLED', 'valueExact', 100),
      figure('settled.avg_days_to_settle_weighted', 'AVERAGE_DAYS_TO_PAY'),
      figure('settled.avg_days_late_signed_weighted', 'AVERAGE_DAYS_LATE'),
    ],
  ],
  [{ floorDaysLate: true }, [figure('settled.avg_days_late_clamped', 'AVERAGE_DAYS_LATE')]],
  [
    { floorDaysLate: true, ...AMOUNT },
    [figure('settled.avg_days_late_clamped_weighted', 'AVERAGE_DAYS_LATE')],
  ],
]

type Books = {
  readonly name: string
  readonly file: string
  readonly mapping: string
  /** Its own file, with a currency of its own. */
  readonly currency: string
  readonly expected: () => ReturnType<typeof expectedBooks>['ibm_ar']
}

const xero = (currency: string): Books => ({
  name: `Xero in ${currency}`,
  file: 'xero_invoice.csv',
  mapping: 'xero',
  currency,
  expected: () => found(expectedBooks().xero[currency]),
})

const books: readonly Books[] = [
  {
    name: 'IBM',
    file: 'ibm_ar.csv',
    mapping: 'ibm',
    currency: 'USD',
    expected: () => expectedBooks().ibm_ar,
  },
  xero('GBP'),
  xero('USD'),
]

describe.skipIf(!hasRealBooks).each(books)('$name', ({ file, mapping, currency, expected }) => {
  let server: TestServer
  let organization: OrganizationRow
  let token: string

  beforeAll(async () => {
    server = await startTestServer()
    organization = await server.createOrganization({ slug: 'acme' })
    token = await server.createToken(organization, 'viewer')
  }, 60_000)
  afterAll(() => server?.close())

  const ask = async (variables: Record<string, unknown>): Promise<readonly Row[]> => {
    const { kpis } = await execute<{ kpis: readonly Row[] }>(server.url, token, KPIS, {
      currency,
      filter: { currency: [currency] },
      ...variables,
    })
    return kpis
  }

  it('loads on the command line', async () => {
    const { code, stderr } = await startProcess(
      'server/cli/main.ts',
      ['import', 'invoices', join(FOLDER, file), '--mapping', mapping, '--organization', 'acme'],
      { DATABASE_URL: server.databaseUrl },
    ).ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  }, 120_000)

  it('tells every figure of every month to the last printed digit', async () => {
    const months = Object.entries(expected().monthly)
    const [from, to] = [firstDay(found(months[0])[0]), lastDay(found(months.at(-1))[0])]
    let compared = 0
    for (const [conventions, figures] of monthly) {
      const metrics = [...new Set(figures.map(({ metric }) => metric))]
      const rows = await ask({ metrics, from, to, conventions })
      for (const [month, printed] of months) {
        for (const { path, metric, part, scale } of figures) {
          const wanted = printedAt(printed, path)
          if (wanted === undefined) continue
          const row = rows.find((row) => row.metric === metric && row.date === lastDay(month))
          const where = { month, figure: path.join('.'), metric, conventions }
          expect({ ...where, told: asPrinted(row?.[part], scale) }).toEqual({ ...where, told: wanted })
          compared += 1
        }
      }
    }
    expect(compared).toBeGreaterThan(months.length * 30)
  }, 60_000)

  it('tells every figure of every day asked for', async () => {
    for (const [asOf, printed] of Object.entries(expected().as_of)) {
      const metrics = [
        'TOTAL_RECEIVABLES',
        'PAST_DUE',
        'PAST_DUE_SHARE',
        'OPEN_INVOICE_COUNT',
        'AVERAGE_AGE',
        'WEIGHTED_DAYS_PAST_DUE',
      ]
      const rows = await ask({ metrics, asOf })
      const told = (metric: string) => asPrinted(rows.find((row) => row.metric === metric)?.valueExact)
      expect({
        asOf,
        total_ar: told('TOTAL_RECEIVABLES'),
        past_due: told('PAST_DUE'),
        past_due_pct: told('PAST_DUE_SHARE'),
        open_invoices: told('OPEN_INVOICE_COUNT'),
        avg_age_open: told('AVERAGE_AGE'),
        weighted_avg_days_past_due: told('WEIGHTED_DAYS_PAST_DUE'),
        aging: await aging(asOf, 'DUE_DATE'),
        aging_by_invoice_age: await aging(asOf, 'INVOICE_DATE'),
      }).toEqual({ asOf, ...pick(printed, DAILY) })
      const regions = await ask({ metrics: ['TOTAL_RECEIVABLES'], asOf, groupBy: ['REGION'] })
      const balances = regions.map(({ region, valueExact }) => [region, asPrinted(valueExact)])
      expect(Object.fromEntries(balances)).toMatchObject(
        'by_group' in printed ? (printed.by_group as object) : {},
      )
    }
  }, 60_000)

  it('has in its rows what no KPI tells', async () => {
    const invoices = await readBilled(server.connection, organization.id, currency)
    const { profile, as_of } = expected() as unknown as Unnamed
    expect(profile).toMatchObject(profileOf(invoices))
    for (const [asOf, printed] of Object.entries(as_of)) {
      const day = parseDay(asOf) ?? 0
      const open = openOn(invoices, day)
      const balances = [...Map.groupBy(open, ({ customer }) => customer)].map(
        ([customer, owed]) => [customer, totalOf(owed).toNumber()] as const,
      )
      const exactDays = Object.keys(printed.open_at_exact_days_past_due).map((days) => [
        days,
        open.filter(({ dueOn }) => day - dueOn === Number(days)).length,
      ])
      expect({
        asOf,
        customers_with_balance: balances.length,
        open_at_exact_days_past_due: Object.fromEntries(exactDays) as unknown,
        top_balances: balances
          .map(([, balance]) => balance)
          .toSorted((a, b) => b - a)
          .slice(0, printed.top_customers.length),
      }).toEqual({
        asOf,
        customers_with_balance: printed.customers_with_balance,
        open_at_exact_days_past_due: printed.open_at_exact_days_past_due,
        top_balances: printed.top_customers.map(([, balance]) => balance),
      })
      for (const top of printed.top_customers) expect(balances).toContainEqual(top)
    }
  }, 60_000)

  const aging = async (asOf: string, by: string) => {
    const { aging } = await execute<{ aging: Aging }>(server.url, token, AGING, {
      asOf,
      by,
      currency,
      filter: { currency: [currency] },
    })
    expect(Number(aging.unexplained.amount)).toBe(0)
    const buckets = aging.buckets.map(({ label, amount, count }) => [
      label === 'Current' ? 'current' : label,
      { amount: Number(amount.amount), count },
    ])
    return Object.fromEntries(buckets) as Record<string, unknown>
  }
})

const DAILY = [
  'total_ar',
  'past_due',
  'past_due_pct',
  'open_invoices',
  'avg_age_open',
  'weighted_avg_days_past_due',
  'aging',
  'aging_by_invoice_age',
] as const

/** What the API is not asked for. */
type Unnamed = {
  readonly profile: object
  readonly as_of: {
    readonly [date: string]: {
      readonly customers_with_balance: number
      readonly open_at_exact_days_past_due: { readonly [days: string]: number }
      readonly top_customers: readonly (readonly [customer: string, balance: number])[]
    }
  }
}

type Aging = {
  readonly unexplained: { readonly amount: string }
  readonly buckets: readonly {
    readonly label: string
    readonly amount: { readonly amount: string }
    readonly count: number
  }[]
}

const KPIS = /* GraphQL */ `
  query (
    $metrics: [KpiMetric!]!
    $groupBy: [KpiDimension!]
    $from: Date
    $to: Date
    $asOf: Date
    $currency: CurrencyCode
    $filter: KpiFilter
    $conventions: KpiConventionsInput
  ) {
    kpis(
      metrics: $metrics
      groupBy: $groupBy
      from: $from
      to: $to
      asOf: $asOf
      currency: $currency
      filter: $filter
      conventions: $conventions
    ) {
      metric
      date
      region
      valueExact
      numerator
      denominator
    }
  }
`

const AGING = /* GraphQL */ `
  query ($asOf: Date, $by: AgingBasis!, $currency: CurrencyCode, $filter: KpiFilter) {
    aging(asOf: $asOf, by: $by, currency: $currency, filter: $filter) {
      unexplained {
        amount
      }
      buckets {
        label
        amount {
          amount
        }
        count
      }
    }
  }
`

const firstDay = (month: string) => `${month}-01`
const lastDay = (month: string) => {
  const first = Temporal.PlainDate.from(firstDay(month))
  return first.with({ day: first.daysInMonth }).toString()
}

/** With the digits that the other program prints: six, or what there are. */
const asPrinted = (exact: string | null | undefined, scale = 1): number | null | undefined =>
  typeof exact === 'string'
    ? new Decimal(exact).div(scale).toDecimalPlaces(6, Decimal.ROUND_HALF_EVEN).toNumber()
    : exact

function printedAt(printed: unknown, path: readonly string[]): unknown {
  return path.reduce((figures, name) => (figures as Record<string, unknown> | undefined)?.[name], printed)
}

const pick = <T extends object, Name extends keyof T>(from: T, names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, from[name]]))

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The expected figures lack it')
  return value
}
