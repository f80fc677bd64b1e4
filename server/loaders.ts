/**
 * The loaders, one line each: they gather the ids that a page asks for one by one into one query. A set belongs to
 * one view of the data (context.ts), so nothing in it can be stale.
 */
import { alert, alertChannel, alertDelivery, alertRule } from '@tidemark/drizzle/tables/alert.ts'
import { apiToken, invitation } from '@tidemark/drizzle/tables/access.ts'
import { auditSeal, origin } from '@tidemark/drizzle/tables/audit.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import { creditNote, invoice, item, receipt } from '@tidemark/drizzle/tables/ledger.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type {
  AlertChannelRow,
  AlertDeliveryRow,
  AlertRow,
  AlertRuleRow,
  AlertStandingRow,
  AlertTransitionRow,
  ApiTokenRow,
  AuditSealRow,
  CreditNoteRow,
  CustomerRow,
  GoalActionRow,
  GoalForecastRow,
  GoalMilestoneRow,
  GoalNoteRow,
  GoalProgressRow,
  GoalReviewRow,
  GoalReviewSignatureRow,
  GoalRow,
  InvitationRow,
  InvoiceRow,
  ItemRow,
  OrganizationRow,
  OriginRow,
  PersonRow,
  ReceiptRow,
  SegmentRow,
} from '@tidemark/drizzle/rows.ts'
import type { Reader, Tx } from '@tidemark/drizzle/transaction.ts'
import DataLoader from 'dataloader'
import { and, eq, inArray } from 'drizzle-orm'
import {
  readAlertsOfGoals,
  readChannelsOf,
  readDeliveriesOf,
  readRuleChanges,
  readRulesOfGoals,
  readStandings,
  readTransitionsBySequence,
  readTransitionsOf,
  type RuleChangeRow,
} from './alert/queries.ts'
import { dayOf } from './domain/day.ts'
import type { Rates } from './domain/rates.ts'
import { readActions, readNotes } from './goal/plan.ts'
import { readChildren } from './goal/tree.ts'
import { readOpenGoals } from './goal/open-goals.ts'
import { readFollowers } from './goal/followers.ts'
import { readChanges, type ChangeRow } from './goal/changes.ts'
import { readCustomerStates, type CustomerState } from './ledger/customer-states.ts'
import { readDisputed, readDisputesOf } from './ledger/disputes.ts'
import { readEntries, type PostedEntry } from './ledger/entries.ts'
import { readItems, type Item } from './ledger/histories.ts'
import { readLines, type PostedLine } from './ledger/lines.ts'
import { readRates } from './ledger/rates.ts'
import { readSegmentRows } from './ledger/segments.ts'
import { readLastPosting } from './live/evaluate.ts'
import { readForecasts } from './live/forecasts.ts'
import { goalHistoryLoader, type GoalHistoryLoader } from './live/history.ts'
import { measuredLoader, type MeasuredLoader } from './live/measured.ts'
import { readMilestones } from './live/milestones.ts'
import { readReviews, readSignatures } from './goal/review/read.ts'
import { readLatestProgress } from './live/progress.ts'

export type Loaders = {
  readonly person: DataLoader<string, PersonRow | null>
  readonly invitation: DataLoader<string, InvitationRow | null>
  readonly token: DataLoader<string, ApiTokenRow | null>
  readonly customer: DataLoader<string, CustomerRow | null>
  readonly invoice: DataLoader<string, InvoiceRow | null>
  readonly receipt: DataLoader<string, ReceiptRow | null>
  readonly creditNote: DataLoader<string, CreditNoteRow | null>
  /** By invoice. */
  readonly lines: DataLoader<string, readonly PostedLine[]>
  /** By the number of the segment, as text. */
  readonly segment: DataLoader<string, SegmentRow | null>
  /** By customer. */
  readonly customerState: DataLoader<string, CustomerState>
  /** An invoice, receipt or credit note with all that was posted to it. */
  readonly item: DataLoader<string, Item | null>
  /** By item: its entries as people read them. */
  readonly entries: DataLoader<string, readonly PostedEntry[]>
  /** By invoice: what is in open disputes today, in minor units. */
  readonly disputed: DataLoader<string, bigint>
  /** By invoice: its disputes, in the order in which they were opened. */
  readonly disputes: DataLoader<string, readonly ItemRow[]>
  readonly dispute: DataLoader<string, ItemRow | null>
  readonly goal: DataLoader<string, GoalRow | null>
  /** By goal: where it stands; null before its first evaluation. */
  readonly progress: DataLoader<string, GoalProgressRow | null>
  readonly goalForecast: DataLoader<string, GoalForecastRow | null>
  readonly goalHistory: GoalHistoryLoader
  readonly alert: DataLoader<string, AlertRow | null>
  readonly alertRule: DataLoader<string, AlertRuleRow | null>
  readonly alertChannel: DataLoader<string, AlertChannelRow | null>
  readonly alertDelivery: DataLoader<string, AlertDeliveryRow | null>
  /** By number, as text. */
  readonly alertTransition: DataLoader<string, AlertTransitionRow | null>
  /** By alert: oldest first. */
  readonly alertTransitions: DataLoader<string, readonly AlertTransitionRow[]>
  /** By alert: oldest first. */
  readonly alertDeliveries: DataLoader<string, readonly AlertDeliveryRow[]>
  /** By goal: newest first. */
  readonly goalAlerts: DataLoader<string, readonly AlertRow[]>
  /** By goal: by name. */
  readonly goalAlertRules: DataLoader<string, readonly AlertRuleRow[]>
  /** By rule: by name. */
  readonly alertRuleChannels: DataLoader<string, readonly AlertChannelRow[]>
  /** By rule. */
  readonly alertStanding: DataLoader<string, AlertStandingRow | null>
  /** By rule: newest first. */
  readonly alertRuleChanges: DataLoader<string, readonly RuleChangeRow[]>
  readonly measured: MeasuredLoader
  /** Of all goals, those that are pursued or rest for a while. */
  readonly openGoals: () => Promise<readonly GoalRow[]>
  /** The day of the last posting to the books; null where there is none. */
  readonly lastPosting: () => Promise<Temporal.PlainDate | null>
  /** By goal: what was changed of it, newest first. */
  readonly goalChanges: DataLoader<string, readonly ChangeRow[]>
  /** By the goal above them, the nearest deadline first. */
  readonly goalChildren: DataLoader<string, readonly GoalRow[]>
  /** By goal: its plan, the first due first. */
  readonly goalActions: DataLoader<string, readonly GoalActionRow[]>
  /** By goal: newest first. */
  readonly goalNotes: DataLoader<string, readonly GoalNoteRow[]>
  /** By goal: the latest period first. */
  readonly goalReviews: DataLoader<string, readonly GoalReviewRow[]>
  /** By review. */
  readonly reviewSignatures: DataLoader<string, readonly GoalReviewSignatureRow[]>
  /** By goal: those that count, the first due first. */
  readonly milestones: DataLoader<string, readonly GoalMilestoneRow[]>
  /** By goal. */
  readonly goalFollowers: DataLoader<string, readonly PersonRow[]>
  readonly origin: DataLoader<string, OriginRow | null>
  /** By audit entry. */
  readonly auditSeal: DataLoader<string, AuditSealRow | null>
  /** Those that can be in force today. */
  readonly ratesToday: () => Promise<Rates>
}

export const createLoaders = (
  reader: Reader,
  organization: Pick<OrganizationRow, 'id' | 'baseCurrency' | 'timeZone'>,
  at: { readonly now: Temporal.Instant; readonly today: Temporal.PlainDate },
): Loaders => {
  const { id } = organization
  const day = dayOf(at.today)
  let rates: Promise<Rates> | undefined
  let openGoals: Promise<readonly GoalRow[]> | undefined
  let lastPosting: Promise<Temporal.PlainDate | null> | undefined
  return {
    person: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(person)
        .where(and(eq(person.organizationId, id), inArray(person.id, ids))),
    ),
    invitation: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(invitation)
        .where(and(eq(invitation.organizationId, id), inArray(invitation.id, ids))),
    ),
    token: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(apiToken)
        .where(and(eq(apiToken.organizationId, id), inArray(apiToken.id, ids))),
    ),
    customer: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(customer)
        .where(and(eq(customer.organizationId, id), inArray(customer.id, ids))),
    ),
    invoice: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(invoice)
        .where(and(eq(invoice.organizationId, id), inArray(invoice.id, ids))),
    ),
    receipt: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(receipt)
        .where(and(eq(receipt.organizationId, id), inArray(receipt.id, ids))),
    ),
    creditNote: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(creditNote)
        .where(and(eq(creditNote.organizationId, id), inArray(creditNote.id, ids))),
    ),
    lines: byKey(reader, (tx, ids) => readLines(tx, id, ids), []),
    segment: byKey(reader, (tx, ids) => readSegmentRows(tx, id, ids), null),
    customerState: byKey(reader, (tx, ids) => readCustomerStates(tx, organization, ids), {
      receivable: [],
      unapplied: [],
    }),
    item: byKey(reader, (tx, ids) => readItems(tx, id, ids), null),
    entries: byKey(reader, (tx, ids) => readEntries(tx, id, ids), []),
    disputed: byKey(reader, (tx, ids) => readDisputed(tx, id, ids, day), 0n),
    disputes: byKey(reader, (tx, ids) => readDisputesOf(tx, id, ids), []),
    dispute: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(item)
        .where(and(eq(item.organizationId, id), inArray(item.id, ids), eq(item.kind, 'DISPUTE'))),
    ),
    goal: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(goal)
        .where(and(eq(goal.organizationId, id), inArray(goal.id, ids))),
    ),
    progress: byKey(reader, (tx, ids) => readLatestProgress(tx, id, ids), null),
    goalForecast: byKey(reader, (tx, ids) => readForecasts(tx, id, ids), null),
    goalHistory: goalHistoryLoader(reader, organization, at),
    alert: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(alert)
        .where(and(eq(alert.organizationId, id), inArray(alert.id, ids))),
    ),
    alertRule: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(alertRule)
        .where(and(eq(alertRule.organizationId, id), inArray(alertRule.id, ids))),
    ),
    alertChannel: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(alertChannel)
        .where(and(eq(alertChannel.organizationId, id), inArray(alertChannel.id, ids))),
    ),
    alertDelivery: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(alertDelivery)
        .where(and(eq(alertDelivery.organizationId, id), inArray(alertDelivery.id, ids))),
    ),
    alertTransition: byKey(reader, (tx, ids) => readTransitionsBySequence(tx, id, ids), null),
    alertTransitions: byKey(reader, (tx, ids) => readTransitionsOf(tx, id, ids), []),
    alertDeliveries: byKey(reader, (tx, ids) => readDeliveriesOf(tx, id, ids), []),
    goalAlerts: byKey(reader, (tx, ids) => readAlertsOfGoals(tx, id, ids), []),
    goalAlertRules: byKey(reader, (tx, ids) => readRulesOfGoals(tx, id, ids), []),
    alertRuleChannels: byKey(reader, (tx, ids) => readChannelsOf(tx, id, ids), []),
    alertStanding: byKey(reader, (tx, ids) => readStandings(tx, id, ids), null),
    alertRuleChanges: byKey(reader, (tx, ids) => readRuleChanges(tx, id, ids), []),
    measured: measuredLoader(reader, organization, at.now),
    openGoals: () => (openGoals ??= reader.read(async (tx) => readOpenGoals(tx, id, at.today))),
    lastPosting: () => (lastPosting ??= reader.read((tx) => readLastPosting(tx, organization))),
    goalChanges: byKey(reader, (tx, ids) => readChanges(tx, id, ids), []),
    goalChildren: byKey(reader, (tx, ids) => readChildren(tx, id, ids), []),
    goalActions: byKey(reader, (tx, ids) => readActions(tx, id, ids), []),
    goalReviews: byKey(reader, (tx, ids) => readReviews(tx, id, ids), []),
    reviewSignatures: byKey(reader, (tx, ids) => readSignatures(tx, id, ids), []),
    goalNotes: byKey(reader, (tx, ids) => readNotes(tx, id, ids), []),
    milestones: byKey(reader, (tx, ids) => readMilestones(tx, id, ids), []),
    goalFollowers: byKey(reader, (tx, ids) => readFollowers(tx, id, ids), []),
    origin: byId(reader, (tx, ids) =>
      tx
        .select()
        .from(origin)
        .where(and(eq(origin.organizationId, id), inArray(origin.id, ids))),
    ),
    auditSeal: byKey(
      reader,
      async (tx, ids) => {
        const rows = await tx
          .select()
          .from(auditSeal)
          .where(and(eq(auditSeal.organizationId, id), inArray(auditSeal.auditId, ids)))
        return new Map(rows.map((row) => [row.auditId, row]))
      },
      null,
    ),
    ratesToday: () => (rates ??= reader.read((tx) => readRates(tx, organization, day, day))),
  }
}

/** Loads what a foreign key promises. */
export async function required<Value>(loader: DataLoader<string, Value | null>, id: string): Promise<Value> {
  const value = await loader.load(id)
  if (value === null) throw new Error(`The books refer to ${id}, which they do not have`)
  return value
}

/** Loads rows by their id; null where there is none. */
export const byId = <Row extends { readonly id: string }>(
  reader: Reader,
  select: (tx: Tx, ids: string[]) => PromiseLike<readonly Row[]>,
): DataLoader<string, Row | null> =>
  byKey(reader, async (tx, ids) => new Map((await select(tx, ids)).map((row) => [row.id, row])), null)

/** Loads whatever belongs to a key; `missing` where `select` gives nothing for it. */
export const byKey = <Value, Missing>(
  reader: Reader,
  select: (tx: Tx, keys: string[]) => Promise<ReadonlyMap<string, Value>>,
  missing: Missing,
): DataLoader<string, Value | Missing> =>
  new DataLoader(async (keys) => {
    const found = await reader.read((tx) => select(tx, [...keys]))
    return keys.map((key) => found.get(key) ?? missing)
  })
