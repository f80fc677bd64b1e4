/** Reads KPI values out of the flow rows: a handful of statements, however many metrics, points and filters. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { Granularity } from '../domain/calendar.ts'
import type { Conventions, ConventionsChoice } from '../domain/conventions.ts'
import type { KpiMetric, KpiUnit, NullReason } from '../domain/kpi.ts'
import type { Exact, Money } from '../domain/money.ts'

export type KpiOrganization = Pick<OrganizationRow, 'id' | 'baseCurrency' | 'timeZone'>

export type KpiDimension = 'CURRENCY' | 'BUSINESS_UNIT' | 'REGION' | 'CHANNEL' | 'PRODUCT_LINE' | 'COLLECTOR'

/** Which segments; all given conditions must hold. Collectors by their uuid. */
export type SegmentFilter = {
  readonly currency?: readonly string[] | null | undefined
  readonly businessUnit?: readonly string[] | null | undefined
  readonly region?: readonly string[] | null | undefined
  readonly channel?: readonly string[] | null | undefined
  readonly productLine?: readonly string[] | null | undefined
  readonly collectorId?: readonly string[] | null | undefined
}

export type KpiQuery = {
  readonly metrics: readonly KpiMetric[]
  readonly groupBy?: readonly KpiDimension[]
  readonly from?: Temporal.PlainDate | null | undefined
  readonly to?: Temporal.PlainDate | null | undefined
  readonly granularity?: Granularity
  readonly asOf?: Temporal.PlainDate | null | undefined
  readonly knownAt?: Temporal.Instant | null | undefined
  readonly filter?: SegmentFilter | null | undefined
  readonly currency?: string | null | undefined
  readonly conventions?: ConventionsChoice | null | undefined
  /** The clock: it decides what today is. */
  readonly now: Temporal.Instant
}

/** A row as the API gives it, the collector by uuid. */
export type KpiRow = {
  readonly metric: KpiMetric
  readonly time: Temporal.Instant
  readonly date: Temporal.PlainDate
  readonly value: number | null
  readonly valueExact: string | null
  readonly unit: KpiUnit
  readonly currency: string
  readonly reason: NullReason | null
  readonly numerator: string | null
  readonly denominator: string | null
  readonly documentCurrency: string | null
  readonly businessUnit: string | null
  readonly region: string | null
  readonly channel: string | null
  readonly productLine: string | null
  readonly collectorId: string | null
  readonly collectorName: string | null
  readonly asOf: Temporal.PlainDate
  readonly knownAt: Temporal.Instant
  readonly conventions: Conventions
}

/** One value that is wanted, such as that of a goal, or of one day of its history. */
export type KpiRequest = {
  readonly metric: KpiMetric
  /** The day at whose end the value is taken. */
  readonly asOf: Temporal.PlainDate
  readonly filter?: SegmentFilter | null | undefined
  readonly currency?: string | null | undefined
  readonly conventions?: ConventionsChoice | null | undefined
}

export type KpiValue = {
  readonly metric: KpiMetric
  readonly asOf: Temporal.PlainDate
  readonly value: number | null
  readonly valueExact: string | null
  /** The value before it is rounded for display. */
  readonly exact: Exact | null
  readonly reason: NullReason | null
  /** Set where there is no value because a rate is missing; `reason` is null then. */
  readonly missingRate: { readonly currency: string; readonly day: Temporal.PlainDate } | null
  readonly unit: KpiUnit
  readonly currency: string
  readonly numerator: string | null
  readonly denominator: string | null
  readonly conventions: Conventions
}

export type AgingQuery = {
  readonly asOf?: Temporal.PlainDate | null | undefined
  readonly knownAt?: Temporal.Instant | null | undefined
  readonly by?: 'DUE_DATE' | 'INVOICE_DATE'
  readonly edges?: readonly number[]
  readonly filter?: SegmentFilter | null | undefined
  readonly currency?: string | null | undefined
  readonly now: Temporal.Instant
}

export type AgingAnswer = {
  readonly asOf: Temporal.PlainDate
  readonly knownAt: Temporal.Instant
  readonly by: 'DUE_DATE' | 'INVOICE_DATE'
  readonly buckets: readonly {
    readonly label: string
    readonly fromDays: number | null
    readonly toDays: number | null
    readonly amount: Money
    readonly count: number
    readonly share: number | null
  }[]
  readonly total: Money
  readonly unappliedCash: Money
  readonly unappliedCredits: Money
  readonly ledgerBalance: Money
  readonly unexplained: Money
}

/** The answer of `kpis`. Throws BAD_USER_INPUT or MISSING_RATE as GraphQLError. */
export declare const readKpis: (tx: Tx, organization: KpiOrganization, query: KpiQuery) => Promise<KpiRow[]>

/** One value for each request, in their order; they share their statements. Throws BAD_USER_INPUT. */
export declare const readKpiValues: (
  tx: Tx,
  organization: KpiOrganization,
  requests: readonly KpiRequest[],
  at: { readonly now: Temporal.Instant; readonly knownAt?: Temporal.Instant | null },
) => Promise<KpiValue[]>

/** The answer of `aging`. Throws BAD_USER_INPUT or MISSING_RATE as GraphQLError. */
export declare const readAging: (
  tx: Tx,
  organization: KpiOrganization,
  query: AgingQuery,
) => Promise<AgingAnswer>
