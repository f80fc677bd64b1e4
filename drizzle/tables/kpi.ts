/**
 * What KPIs are read from: the flow, its sums, rates, values from outside, and what the organization chose.
 */
import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
} from 'drizzle-orm/pg-core'
import { civilDate, decimal, instant, minor, now, transactionId } from '../columns.ts'
import { segment } from './customer.ts'
import { inheritedOrganizationId, organizationId } from './organization.ts'

const measureNames = [
  'OPEN_BY_DUE',
  'OPEN_BY_ISSUE',
  'UNAPPLIED_CASH',
  'UNAPPLIED_CREDIT',
  'DISPUTED',
  'BILLED',
  'BILLED_TAX',
  'CREDITED',
  'CREDITED_TAX',
  'RECEIVED',
  'PAID',
  'CREDIT_APPLIED',
  'WRITTEN_OFF',
  'BAD_DEBT',
  'TOLERANCE',
  'RECOVERED',
  'DISCOUNTED',
  'DISCOUNT_UNEARNED',
  'ADJUSTED',
  'RE_DATED',
  'TRANSFERRED',
  'BOUNCED',
  'DISPUTE_OPENED',
  'DISPUTE_CLOSED',
  'TIME_TO_INVOICE',
  'BILLED_WRONG',
  'AT_RISK',
  'PAID_BY_MONTH',
  'PAID_WITHIN_30',
  'PAID_WITHIN_60',
  'DISCOUNT_OFFERED',
  'DISCOUNT_TAKEN',
  'DUE',
  'DUE_ON_TIME',
  'DUE_LATE',
  'SETTLED',
  'SETTLED_LATE',
  'SETTLED_LATE_FLOORED',
  'SETTLED_ON_TIME',
  'SETTLED_IN_GRACE',
] as const

/**
 * The KPI store: what each posting changed, per segment, measure, anchor and day. Append-only. The answer for D
 * as known at K is the sum of the rows with day <= D and recorded_at <= K.
 */
export const flow = pgTable(
  'flow',
  {
    organizationId: inheritedOrganizationId(),
    // Text and no enum: comparing enums is not leakproof, so under row-level security no index would be used for it.
    // With ~ at its end: what it takes from as-was to as-is segments (server/domain/shares.ts).
    measure: text().notNull(),
    day: civilDate('day').notNull(),
    /** Due day, invoice date, receipt date, ...: see server/domain/measures.ts. Equal to `day` where there is none. */
    anchor: civilDate('anchor').notNull(),
    segmentId: integer('segment_id').notNull(),
    amount: minor('amount').notNull(),
    count: integer('count').notNull(),
    days: minor('days').notNull(),
    // The largest amounts over years of days are beyond a bigint.
    amountDays: decimal('amount_days').notNull(),
    recordedAt: instant('recorded_at').notNull(),
    xid: transactionId('xid')
      .notNull()
      .default(sql`pg_current_xact_id()`),
  },
  (t) => [
    check(
      'flow_measure',
      sql.raw(`rtrim(measure, '~') in (${measureNames.map((name) => `'${name}'`).join(', ')})`),
    ),
    // The order in which rows are folded. What lies after the fold's position is what readers add to the folded rows.
    index('flow_xid').on(t.organizationId, t.xid, t.day),
    // Finds the last posting, and by measure what was recorded on one day, which can be tens of thousands of rows.
    index('flow_recorded').on(t.organizationId, t.recordedAt, t.measure),
    // What a segment's balances and movements of a part of a month are read by: days of segments are not folded.
    index('flow_segment_measure').on(t.organizationId, t.segmentId, t.measure, t.day),
    foreignKey({
      name: 'flow_segment',
      columns: [t.organizationId, t.segmentId],
      foreignColumns: [segment.organizationId, segment.id],
    }),
  ],
)

/**
 * How far the rows of `flow` are folded into the tables below, which are derived from it and can be rebuilt at any
 * time: those with (xid, day) <= (`xid`, `day`). See server/ledger/fold.ts.
 */
export const kpiFold = pgTable(
  'kpi_fold',
  {
    organizationId: inheritedOrganizationId(),
    xid: transactionId('xid').notNull(),
    /** Within the transaction `xid`; -infinity and infinity are possible. */
    day: civilDate('day').notNull(),
    /** The latest `recordedAt` of what is folded: whoever knows as much needs no corrections. */
    recordedMax: instant('recorded_max').notNull(),
    /** Checkpoints hold for the month ends up to this one; -infinity before the first. */
    checkpointOn: civilDate('checkpoint_on').notNull(),
    /** How many are folded: where many more wait, all of them are folded anew. */
    rows: minor('rows').notNull(),
    /** Of segments with ids up to this one there are days too. Where these are fewer than there should be, all is folded anew. */
    daysOfSegments: integer('days_of_segments').notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.organizationId] })],
)

/** The first day of the books as known from `recordedAt` on. A row for each posting that went further back, so a few. */
export const kpiBeginning = pgTable(
  'kpi_beginning',
  {
    organizationId: inheritedOrganizationId(),
    recordedAt: instant('recorded_at').notNull(),
    day: civilDate('day').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.recordedAt] })],
)

/**
 * Of which segments a folded row is the sum. `level` is what they have in common beside the currency (server/ledger/cuts.ts),
 * `cut` the lowest id of a segment that has it.
 */
const cutColumns = () => ({
  organizationId: inheritedOrganizationId(),
  /** One of `flow`, or a balance of some age: see server/ledger/ages.ts, also for which cuts there are rows. */
  measure: text().notNull(),
  level: smallint().notNull(),
  cut: integer().notNull(),
})

/** Rows of `flow`, summed up by cut and day, whenever recorded. For single segments as far as `days_of_segments` says. */
export const kpiDay = pgTable(
  'kpi_day',
  {
    ...cutColumns(),
    day: civilDate('day').notNull(),
    anchor: civilDate('anchor').notNull(),
    amount: minor('amount').notNull(),
    count: integer('count').notNull(),
    days: minor('days').notNull(),
    amountDays: decimal('amount_days').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.measure, t.level, t.cut, t.day, t.anchor] })],
)

/**
 * What of `kpi_day` was recorded on another day than its own. Who knows less than all subtracts what was recorded later,
 * and of days to come adds up what was recorded before.
 */
export const kpiDayRecorded = pgTable(
  'kpi_day_recorded',
  {
    ...cutColumns(),
    day: civilDate('day').notNull(),
    anchor: civilDate('anchor').notNull(),
    /** The day of `recordedAt` in UTC; of a balance of some age and of cohorts `day`, if that is later. */
    recordedOn: civilDate('recorded_on').notNull(),
    amount: minor('amount').notNull(),
    count: integer('count').notNull(),
    days: minor('days').notNull(),
    amountDays: decimal('amount_days').notNull(),
  },
  (t) => [
    primaryKey({
      name: 'kpi_day_recorded_pk',
      columns: [t.organizationId, t.measure, t.level, t.cut, t.day, t.anchor, t.recordedOn],
    }),
    // What is known of days to come, for who asks of a day after the moment whose knowledge is asked for.
    index('kpi_day_recorded_early')
      .on(t.organizationId, t.measure, t.level, t.cut, t.day)
      .where(sql`recorded_on < day`),
  ],
)

/** The same by month, whenever recorded. */
export const kpiMonth = pgTable(
  'kpi_month',
  {
    ...cutColumns(),
    /** Its last day. */
    month: civilDate('month').notNull(),
    /** 1970-01-01 where nobody asks by anchor. */
    anchor: civilDate('anchor').notNull(),
    amount: minor('amount').notNull(),
    count: integer('count').notNull(),
    days: minor('days').notNull(),
    amountDays: decimal('amount_days').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.measure, t.level, t.cut, t.month, t.anchor] })],
)

/**
 * Of the rows by month and of what stands at month ends: what was recorded when the month was over. Who knows less than
 * all subtracts it. Once by the day of recording, and once by its month, so that a few rows answer for years.
 */
export const kpiLate = pgTable(
  'kpi_late',
  {
    ...cutColumns(),
    isTotal: boolean('is_total').notNull(),
    /** The day; of a total the last one of its month. */
    recordedOn: civilDate('recorded_on').notNull(),
    month: civilDate('month').notNull(),
    anchor: civilDate('anchor').notNull(),
    amount: minor('amount').notNull(),
    count: integer('count').notNull(),
    days: minor('days').notNull(),
    amountDays: decimal('amount_days').notNull(),
  },
  (t) => [
    primaryKey({
      name: 'kpi_late_pk',
      columns: [t.organizationId, t.measure, t.level, t.cut, t.isTotal, t.recordedOn, t.month, t.anchor],
    }),
  ],
)

/** What stands at a month's end, of the measures that are balances: the sum of all rows up to it. */
export const kpiCheckpoint = pgTable(
  'kpi_checkpoint',
  {
    ...cutColumns(),
    /** Its last day. */
    month: civilDate('month').notNull(),
    anchor: civilDate('anchor').notNull(),
    amount: minor('amount').notNull(),
    count: integer('count').notNull(),
    amountDays: decimal('amount_days').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.month, t.measure, t.level, t.cut, t.anchor] })],
)

/**
 * What one unit of `currency` was worth in the organization's base currency from `validOn` on, as known from `recordedAt`
 * on: a corrected rate is a further row.
 */
export const exchangeRate = pgTable(
  'exchange_rate',
  {
    organizationId: organizationId(),
    currency: text().notNull(),
    validOn: civilDate('valid_on').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
    rate: decimal('rate').notNull(),
    source: text().notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.currency, t.validOn, t.recordedAt] })],
)

/** Numbers that come from outside the books, such as the cost of collection: a value of a day, as known from a moment on. */
export const metricValue = pgTable(
  'metric_value',
  {
    organizationId: organizationId(),
    /** One of the external metrics of server/domain. */
    metric: text().notNull(),
    /** The last day of what it covers. */
    day: civilDate('day').notNull(),
    recordedAt: instant('recorded_at').notNull().default(now),
    /** In major units of `currency` where it is money. Null takes an earlier value back. */
    value: decimal('value'),
    currency: text(),
    source: text().notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.metric, t.day, t.recordedAt] })],
)

/** What the organization chose for its KPIs; what is left out is the default. */
export const kpiSetting = pgTable(
  'kpi_setting',
  {
    organizationId: organizationId(),
    conventions: jsonb().notNull(),
    /** Months, 4-4-5 weeks or 13 periods, and where its years begin. */
    calendar: jsonb().notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId] })],
)
