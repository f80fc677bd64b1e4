/**
 * The loaders, one line each: they gather the ids that a page asks for one by one into one query. A set belongs to
 * one view of the data (context.ts), so nothing in it can be stale.
 */
import { auditSeal } from '@tidemark/drizzle/tables/audit.ts'
import type {
  AlertChannelRow,
  AlertDeliveryRow,
  AlertRow,
  AlertRuleRow,
  AlertStandingRow,
  AlertTransitionRow,
  ApiTokenRow,
  ApprovalEventRow,
  ApprovalRequestRow,
  AuditSealRow,
  CreditNoteRow,
  CreditSecurityRow,
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
  OrderEventRow,
  OrganizationRow,
  OriginRow,
  PersonRow,
  ReceiptRow,
  SalesOrderRow,
  CreditCrossingRow,
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
import type { CreditPolicy } from './domain/credit-decision.ts'
import { readIdentities } from './authority/identity.ts'
import { readEvents, readFirstSteps, type FirstStep } from './authority/read.ts'
import { readPaymentBehaviour, type PaymentBehaviour } from './customer/payment-behaviour.ts'
import type { Identity } from './domain/authority.ts'
import type { DatedLimit } from './domain/credit-limit.ts'
import { dayOf } from './domain/day.ts'
import type { Rates } from './domain/rates.ts'
import { readActions, readNotes } from './goal/plan.ts'
import { readChildren } from './goal/tree.ts'
import { readOpenGoals } from './goal/open-goals.ts'
import { readFollowers } from './goal/followers.ts'
import { readChanges, type ChangeRow } from './goal/changes.ts'
import { readLimits } from './ledger/credit-limits.ts'
import { readPoliciesOn, readPolicySettings, type PolicySetting } from './ledger/credit-policy.ts'
import { readRatings, type RatingShown } from './ledger/credit-ratings.ts'
import { readCreditStandings, type CreditStanding } from './ledger/credit-standing.ts'
import { readOpenCrossings } from './ledger/crossings.ts'
import { readCustomerStates, type CustomerState } from './ledger/customer-states.ts'
import { readMembers, readParents } from './ledger/hierarchy.ts'
import { readDues, USUAL_EDGES, type DueSum } from './ledger/dues.ts'
import { readDisputed, readDisputesOf } from './ledger/disputes.ts'
import { readEntries, type PostedEntry } from './ledger/entries.ts'
import { readItems, type Item } from './ledger/histories.ts'
import { readLines, type PostedLine } from './ledger/lines.ts'
import { readOrderEvents } from './ledger/order-events.ts'
import { readRates } from './ledger/rates.ts'
import { readSecurities } from './ledger/securities.ts'
import { readSegmentRows } from './ledger/segments.ts'
import { readLastPosting } from './live/evaluate.ts'
import { readForecasts } from './live/forecasts.ts'
import { goalHistoryLoader, type GoalHistoryLoader } from './live/history.ts'
import { measuredLoader, type MeasuredLoader } from './live/measured.ts'
import { readMilestones } from './live/milestones.ts'
import { readReviews, readSignatures } from './goal/review/read.ts'
import { readLatestProgress } from './live/progress.ts'
import { rowsById } from './rows-by-id.ts'

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
  /** By customer: what it owes by how long it is past due. */
  readonly dues: DataLoader<string, readonly DueSum[]>
  /** By customer: how it paid in the last twelve months. */
  readonly paymentBehaviour: DataLoader<string, PaymentBehaviour | null>
  /** By customer: what was decided about its credit limit. */
  readonly creditLimits: DataLoader<string, readonly DatedLimit[]>
  /** By day, as text: the rules of credit that are in force. */
  readonly creditPolicy: DataLoader<string, CreditPolicy | null>
  /** By version, as text: who set that version of the credit policy; null where nobody did. */
  readonly creditPolicySettings: DataLoader<string, PolicySetting | null>
  /** By customer: what agencies said of it. */
  readonly ratings: DataLoader<string, readonly RatingShown[]>
  /** By customer: where it stands against its credit limit. */
  readonly creditStanding: DataLoader<string, CreditStanding | null>
  /** By customer: the one above it today. */
  readonly parentId: DataLoader<string, string | null>
  /** By customer: itself and all below it today. */
  readonly groupIds: DataLoader<string, readonly string[]>
  /** By customer: the latest first. */
  readonly securities: DataLoader<string, readonly CreditSecurityRow[]>
  readonly approvalRequest: DataLoader<string, ApprovalRequestRow | null>
  /** By request: the first first. */
  readonly approvalEvents: DataLoader<string, readonly ApprovalEventRow[]>
  /** By request: what it would do first. */
  readonly approvalStep: DataLoader<string, FirstStep | null>
  /** By actor, as the audit names them. */
  readonly identity: DataLoader<string, Identity>
  readonly order: DataLoader<string, SalesOrderRow | null>
  readonly creditCrossing: DataLoader<string, CreditCrossingRow | null>
  /** By customer: the one that goes on. */
  readonly openCrossing: DataLoader<string, CreditCrossingRow | null>
  /** By order: the first first. */
  readonly orderEvents: DataLoader<string, readonly OrderEventRow[]>
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
    person: byId(reader, (tx, ids) => rowsById.person(tx, id, ids)),
    invitation: byId(reader, (tx, ids) => rowsById.invitation(tx, id, ids)),
    token: byId(reader, (tx, ids) => rowsById.token(tx, id, ids)),
    customer: byId(reader, (tx, ids) => rowsById.customer(tx, id, ids)),
    invoice: byId(reader, (tx, ids) => rowsById.invoice(tx, id, ids)),
    receipt: byId(reader, (tx, ids) => rowsById.receipt(tx, id, ids)),
    creditNote: byId(reader, (tx, ids) => rowsById.creditNote(tx, id, ids)),
    lines: byKey(reader, (tx, ids) => readLines(tx, id, ids), []),
    segment: byKey(reader, (tx, ids) => readSegmentRows(tx, id, ids), null),
    customerState: byKey(reader, (tx, ids) => readCustomerStates(tx, organization, ids), {
      receivable: [],
      unapplied: [],
    }),
    dues: byKey(reader, (tx, ids) => readDues(tx, id, ids, { today: day, edges: USUAL_EDGES }), []),
    paymentBehaviour: byKey(reader, (tx, ids) => readPaymentBehaviour(tx, id, ids, day), null),
    creditLimits: byKey(reader, (tx, ids) => readLimits(tx, id, ids), []),
    creditPolicy: byKey(reader, (tx, days) => readPoliciesOn(tx, id, days), null),
    creditPolicySettings: byKey(reader, (tx, versions) => readPolicySettings(tx, id, versions), null),
    ratings: byKey(reader, (tx, ids) => readRatings(tx, id, ids), []),
    creditStanding: byKey(
      reader,
      (tx, ids) => readCreditStandings(tx, organization, ids, { today: day, now: at.now }),
      null,
    ),
    parentId: byKey(reader, (tx, ids) => readParents(tx, id, ids, day), null),
    groupIds: byKey(reader, (tx, ids) => readMembers(tx, id, ids, day), []),
    securities: byKey(reader, (tx, ids) => readSecurities(tx, id, ids), []),
    orderEvents: byKey(reader, (tx, ids) => readOrderEvents(tx, id, ids), []),
    creditCrossing: byId(reader, (tx, ids) => rowsById.creditCrossing(tx, id, ids)),
    openCrossing: byKey(reader, (tx, ids) => readOpenCrossings(tx, id, ids), null),
    approvalRequest: byId(reader, (tx, ids) => rowsById.approvalRequest(tx, id, ids)),
    approvalEvents: byKey(reader, (tx, ids) => readEvents(tx, id, ids), []),
    approvalStep: byKey(reader, (tx, ids) => readFirstSteps(tx, id, ids), null),
    identity: byKey(reader, (tx, actors) => readIdentities(tx, id, actors), NOBODY),
    order: byId(reader, (tx, ids) => rowsById.order(tx, id, ids)),
    item: byKey(reader, (tx, ids) => readItems(tx, id, ids), null),
    entries: byKey(reader, (tx, ids) => readEntries(tx, id, ids), []),
    disputed: byKey(reader, (tx, ids) => readDisputed(tx, id, ids, day), 0n),
    disputes: byKey(reader, (tx, ids) => readDisputesOf(tx, id, ids), []),
    dispute: byId(reader, (tx, ids) => rowsById.dispute(tx, id, ids)),
    goal: byId(reader, (tx, ids) => rowsById.goal(tx, id, ids)),
    progress: byKey(reader, (tx, ids) => readLatestProgress(tx, id, ids), null),
    goalForecast: byKey(reader, (tx, ids) => readForecasts(tx, id, ids), null),
    goalHistory: goalHistoryLoader(reader, organization, at),
    alert: byId(reader, (tx, ids) => rowsById.alert(tx, id, ids)),
    alertRule: byId(reader, (tx, ids) => rowsById.alertRule(tx, id, ids)),
    alertChannel: byId(reader, (tx, ids) => rowsById.alertChannel(tx, id, ids)),
    alertDelivery: byId(reader, (tx, ids) => rowsById.alertDelivery(tx, id, ids)),
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
    origin: byId(reader, (tx, ids) => rowsById.origin(tx, id, ids)),
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

/** Of actors that are not there; `readIdentities` knows them all. */
const NOBODY: Identity = { actor: '', principal: '', role: null, names: [], authorities: [] }

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
