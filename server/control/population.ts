/** The items that tests look at, out of the books, with what makes each an exception. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { readIdentities } from '../authority/identity.ts'
import { isSamePerson } from '../domain/authority.ts'
import { faultOfReason, faultOfReview, type ControlTestId } from '../domain/control-test.ts'
import { dayOf } from '../domain/day.ts'
import {
  dayIn,
  inWords,
  itemOf,
  namesOf,
  parsed,
  POPULATION_MAX,
  within,
  type Asked,
  type Common,
  type ControlItem,
  type ControlPeriod,
} from './items.ts'
import { limitItem, limitsAboveAuthority, limitsOutsidePolicy, readLimitsSet } from './limits.ts'
import { limitsInSmallSteps } from './small-steps.ts'
import { approvals, releasesOverLimit } from './releases.ts'

/** At most one more than `POPULATION_MAX`. */
export const readPopulation = (
  tx: Tx,
  organization: OrganizationRow,
  test: ControlTestId,
  period: ControlPeriod,
): Promise<readonly ControlItem[]> => POPULATIONS[test]({ tx, organization, ...period })

const POPULATIONS: Readonly<Record<ControlTestId, (asked: Asked) => Promise<readonly ControlItem[]>>> = {
  LIMITS_ABOVE_AUTHORITY: limitsAboveAuthority,
  LIMITS_IN_SMALL_STEPS: limitsInSmallSteps,
  LIMITS_WITHOUT_REASON: async (asked) =>
    (await readLimitsSet(asked)).map((row) => ({ ...limitItem(row), finding: faultOfReason(row.reason) })),
  LIMITS_OUTSIDE_POLICY: limitsOutsidePolicy,
  RELEASES_OVER_LIMIT: releasesOverLimit,
  HOLDS_RELEASED_BY_PLACER: holdsReleased,
  WRITE_OFFS_WITHOUT_REASON: (asked) => reductions(asked, ['WRITTEN_OFF']),
  RE_DATES_WITHOUT_REASON: (asked) => reductions(asked, ['RE_DATED']),
  CREDIT_NOTES_WITHOUT_REASON: (asked) => reductions(asked, ['CREDITED']),
  ADJUSTMENTS_WITHOUT_REASON: (asked) => reductions(asked, ['ADJUSTED', 'CORRECTED', 'VOIDED']),
  REQUESTER_IS_APPROVER: approvals,
  DORMANT_UNLIMITED: dormantUnlimited,
  REVIEWS_OVERDUE: reviewsDue,
}

type HoldReleased = Common & {
  readonly customerId: string
  readonly number: string
  readonly placedBy: string | null
  readonly placedOn: string | null
}

async function holdsReleased(asked: Asked): Promise<readonly ControlItem[]> {
  const { tx, organization } = asked
  const { sql } = tx
  const rows = await sql<HoldReleased[]>`
    select audit.id as "auditId", ${dayIn(asked, sql`audit.recorded_at`)} as on, customer.id as "customerId",
      customer.number, audit.actor, audit.reason, placed.actor as "placedBy",
      ${dayIn(asked, sql`placed.recorded_at`)} as "placedOn"
    from audit
    join customer on customer.organization_id = audit.organization_id
      and customer.id = case when audit.action = 'releaseCreditHold' then audit.subject::uuid end
    left join lateral (
      select actor, recorded_at from audit as earlier
      where earlier.organization_id = ${organization.id} and earlier.subject = audit.subject
        and earlier.recorded_at < audit.recorded_at and earlier.action = 'placeCreditHold'
      order by recorded_at desc, id desc limit 1
    ) as placed on true
    where audit.organization_id = ${organization.id} and audit.action = 'releaseCreditHold'
      and ${within(asked, sql`audit.recorded_at`)}
    order by audit.recorded_at, audit.id limit ${POPULATION_MAX + 1}`
  const actors = rows.flatMap(({ actor, placedBy }) => [actor ?? [], placedBy ?? []].flat())
  const identities = await readIdentities(tx, organization.id, [...new Set(actors)])
  return rows.map(({ number, placedBy, placedOn, ...row }) => {
    const isSame = isSamePerson(namesOf(identities, placedBy), namesOf(identities, row.actor))
    return {
      ...itemOf(row),
      what: `Customer ${number}: hold${placedOn === null ? '' : ` of ${placedOn}`} released`,
      amount: null,
      currency: null,
      finding: isSame ? 'The same person had placed it.' : null,
    }
  })
}

type Reduced = Common & {
  readonly itemId: string
  readonly sequence: number
  readonly customerId: string
  readonly number: string | null
  readonly kind: string
  readonly code: string | null
  readonly dueOn: string | null
  readonly amount: bigint
  readonly currency: string
}

const REDUCED_WORDS: Readonly<Record<string, string>> = {
  WRITTEN_OFF: 'written off',
  RE_DATED: 'due date moved',
  CREDITED: 'credited',
  ADJUSTED: 'adjusted',
  CORRECTED: 'corrected',
  VOIDED: 'taken back as wrong',
}

async function reductions(asked: Asked, kinds: readonly string[]): Promise<readonly ControlItem[]> {
  const { tx, organization } = asked
  const { sql } = tx
  const rows = await sql<Reduced[]>`
    select entry.item_id as "itemId", entry.sequence, entry.audit_id as "auditId", item.customer_id as "customerId",
      ${dayIn(asked, sql`entry.recorded_at`)} as on, coalesce(invoice.number, credit_note.number) as number, entry.kind,
      entry.code, entry.due_on::text as "dueOn", entry.amount, segment.currency, audit.actor,
      coalesce(entry.reason, audit.reason) as reason
    from ledger_entry as entry
    join item on item.organization_id = entry.organization_id and item.id = entry.item_id
    join segment on segment.organization_id = item.organization_id and segment.id = item.segment_id
    left join invoice on invoice.organization_id = item.organization_id and invoice.id = item.id
    left join credit_note on credit_note.organization_id = item.organization_id and credit_note.id = item.id
    left join audit on audit.organization_id = entry.organization_id and audit.id = entry.audit_id
    where entry.organization_id = ${organization.id} and entry.kind = any(${kinds}::entry_kind[])
      and ${within(asked, sql`entry.recorded_at`)}
    order by entry.recorded_at, entry.item_id, entry.sequence limit ${POPULATION_MAX + 1}`
  return rows.map(({ itemId, sequence, number, kind, code, dueOn, amount, currency, ...row }) => {
    const document = `${kind === 'CREDITED' ? 'Credit note' : 'Invoice'} ${number ?? 'without a number'}`
    const aside = [kind === 'RE_DATED' ? dueOn && `to ${dueOn}` : inWords({ minor: amount, currency }), code]
    return {
      ...itemOf(row),
      key: `${itemId}:${sequence}`,
      what: `${document}: ${[REDUCED_WORDS[kind] ?? kind, ...aside].filter(Boolean).join(', ')}`,
      amount: kind === 'RE_DATED' ? null : amount.toString(),
      currency: kind === 'RE_DATED' ? null : currency,
      finding: faultOfReason(row.reason),
    }
  })
}

async function dormantUnlimited({ tx, organization, to }: Asked): Promise<readonly ControlItem[]> {
  const day = to.toString()
  const since = to.subtract({ years: 1 }).toString()
  const rows = await tx.sql<
    (Common & { customerId: string; number: string; setOn: string; lastOn: string | null })[]
  >`
    select customer.id as "customerId", customer.number, ${day}::text as on, force.audit_id as "auditId", audit.actor,
      audit.reason, force.effective_on::text as "setOn", greatest(
        (select max(starts_on) from item where item.organization_id = ${organization.id}
          and item.customer_id = customer.id and kind = 'INVOICE' and starts_on <= ${day}::date),
        (select max(ordered_on) from sales_order where sales_order.organization_id = ${organization.id}
          and sales_order.customer_id = customer.id and ordered_on <= ${day}::date)
      )::text as "lastOn"
    from (
      select distinct customer_id as id from credit_limit
      where organization_id = ${organization.id} and state = 'UNLIMITED'
    ) as once
    join customer on customer.organization_id = ${organization.id} and customer.id = once.id
    cross join lateral (
      select state, effective_on, audit_id from credit_limit
      where organization_id = ${organization.id} and customer_id = once.id and effective_on <= ${day}::date
        and (until is null or until >= ${day}::date)
      order by effective_on desc, version desc limit 1
    ) as force
    left join audit on audit.organization_id = ${organization.id} and audit.id = force.audit_id
    where force.state = 'UNLIMITED'
    order by customer.id limit ${POPULATION_MAX + 1}`
  return rows.map(({ number, setOn, lastOn, ...row }) => ({
    ...itemOf(row),
    key: row.customerId,
    what: `Customer ${number}: unlimited since ${setOn}`,
    amount: null,
    currency: null,
    finding:
      lastOn === null
        ? `Nothing was ever billed or ordered by ${day}.`
        : lastOn < since
          ? `Nothing was billed or ordered after ${lastOn}.`
          : null,
  }))
}

async function reviewsDue(asked: Asked): Promise<readonly ControlItem[]> {
  const { tx, organization, from, to } = asked
  const { sql } = tx
  const rows = await sql<
    (Common & { customerId: string; number: string; dueOn: string; done: string | null })[]
  >`
    select * from (
      select distinct on (asked.customer_id, asked.next_review_on) asked.audit_id as "auditId",
        customer.id as "customerId", customer.number, audit.actor, audit.reason, asked.next_review_on::text as "dueOn",
        asked.next_review_on::text as on, later.done
      from credit_review as asked
      join customer on customer.organization_id = asked.organization_id and customer.id = asked.customer_id
      left join audit on audit.organization_id = asked.organization_id and audit.id = asked.audit_id
      left join lateral (
        select ${dayIn(asked, sql`review.recorded_at`)} as done from audit as review
        where review.organization_id = asked.organization_id and review.subject = asked.customer_id::text
          and review.action = 'reviewCredit' and review.recorded_at > asked.recorded_at
        order by review.recorded_at limit 1
      ) as later on true
      where asked.organization_id = ${organization.id}
        and asked.next_review_on between ${from.toString()}::date and ${to.toString()}::date
      order by asked.customer_id, asked.next_review_on, asked.version
    ) as due
    order by "dueOn", "customerId" limit ${POPULATION_MAX + 1}`
  const until = dayOf(to)
  return rows.map(({ number, dueOn, done, ...row }) => ({
    ...itemOf(row),
    what: `Customer ${number}: review due on ${dueOn}`,
    amount: null,
    currency: null,
    finding: faultOfReview({ dueOn: parsed(dueOn), done: done === null ? null : parsed(done), until }),
  }))
}
