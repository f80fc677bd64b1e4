/** Orders that went out, and what was approved. */
import { readIdentities } from '../authority/identity.ts'
import { isSamePerson } from '../domain/authority.ts'
import {
  dayIn,
  inWords,
  itemOf,
  namesOf,
  POPULATION_MAX,
  within,
  type Asked,
  type Common,
  type ControlItem,
} from './items.ts'

type Released = Common & {
  readonly customerId: string
  readonly number: string
  readonly kind: 'RELEASED' | 'SHIPPED'
  readonly amount: bigint
  readonly currency: string
  readonly isOver: boolean
  readonly isOverride: boolean
  readonly version: number
  readonly recordedBy: string | null
}

/** Releases and shipments; only those that were let go against the credit with `overridesOnly`. */
const readReleases = (asked: Asked, overridesOnly: boolean): Promise<Released[]> => {
  const { tx, organization } = asked
  const { sql } = tx
  return sql<Released[]>`
    select audit.id as "auditId", ${dayIn(asked, sql`audit.recorded_at`)} as on, ordered.customer_id as "customerId",
      ordered.number, event.kind, event.amount, ordered.currency, event.is_over_limit as "isOver",
      event.is_override as "isOverride", event.version, audit.actor, event.reason, first.actor as "recordedBy"
    from audit
    join sales_order as ordered on ordered.organization_id = audit.organization_id
      and ordered.id = case when audit.action in ('releaseOrder', 'shipOrder') then audit.subject::uuid end
    join order_event as event on event.organization_id = audit.organization_id and event.order_id = ordered.id
      and event.audit_id = audit.id
    left join order_event as recorded on recorded.organization_id = audit.organization_id
      and recorded.order_id = ordered.id and recorded.kind = 'RECORDED'
    left join audit as first on first.organization_id = audit.organization_id and first.id = recorded.audit_id
    where audit.organization_id = ${organization.id} and audit.action in ('releaseOrder', 'shipOrder')
      and ${within(asked, sql`audit.recorded_at`)} and (event.is_override or not ${overridesOnly}::boolean)
    order by audit.recorded_at, audit.id limit ${POPULATION_MAX + 1}`
}

const releaseItem = ({ number, kind, amount, currency, ...row }: Released): Omit<ControlItem, 'finding'> => ({
  ...itemOf(row),
  what: `Order ${number}: ${kind === 'RELEASED' ? 'released' : 'shipped'}, ${inWords({ minor: amount, currency })}`,
  amount: amount.toString(),
  currency,
})

export async function releasesOverLimit(asked: Asked): Promise<readonly ControlItem[]> {
  return (await readReleases(asked, false)).map((row) => ({
    ...releaseItem(row),
    finding: row.isOverride
      ? 'The credit did not allow it. Somebody let it go all the same.'
      : row.isOver
        ? 'More than the limit was used. The policy let it through.'
        : null,
  }))
}

/** What somebody let happen that somebody else asked for: requests that were approved, and orders that were let go. */
export async function approvals(asked: Asked): Promise<readonly ControlItem[]> {
  const [requests, orders] = [await approvedRequests(asked), await lettingGo(asked)]
  return [...requests, ...orders]
}

type Approved = Common & {
  readonly key: string
  readonly customerId: string
  readonly number: string
  readonly command: string
  readonly after: string | null
  readonly amount: bigint | null
  readonly requesters: readonly string[]
}

async function approvedRequests(asked: Asked): Promise<readonly ControlItem[]> {
  const { tx, organization } = asked
  const { sql } = tx
  const rows = await sql<Approved[]>`
    select event.id as key, request.applied_audit_id as "auditId", ${dayIn(asked, sql`event.recorded_at`)} as on,
      customer.id as "customerId", customer.number, request.command, step.after, step.amount, event.actor,
      coalesce(event.comment, request.reason) as reason, request.requesters
    from approval_event as event
    join approval_request as request on request.organization_id = event.organization_id and request.id = event.request_id
    cross join lateral (
      select customer_id, after, amount from approval_step
      where organization_id = ${organization.id} and request_id = request.id order by row limit 1
    ) as step
    join customer on customer.organization_id = ${organization.id} and customer.id = step.customer_id
    where event.organization_id = ${organization.id} and event.kind = 'APPROVED'
      and ${within(asked, sql`event.recorded_at`)}
    order by event.recorded_at, event.id limit ${POPULATION_MAX + 1}`
  const actors = new Set(rows.flatMap(({ actor }) => actor ?? []))
  const identities = await readIdentities(tx, organization.id, [...actors])
  return rows.map(({ key, number, command, after, amount, requesters, ...row }) => ({
    ...itemOf(row),
    key,
    what: `Customer ${number}: approved ${command}${after === null ? '' : ` to ${after}`}`,
    amount: amount?.toString() ?? null,
    currency: amount === null ? null : organization.baseCurrency,
    finding: isSamePerson(requesters, namesOf(identities, row.actor))
      ? 'Who asked for it approved it.'
      : null,
  }))
}

/** Who recorded an order asks for it, who lets it go approves. */
async function lettingGo(asked: Asked): Promise<readonly ControlItem[]> {
  const { tx, organization } = asked
  const rows = await readReleases(asked, true)
  const actors = rows.flatMap(({ actor, recordedBy }) => [actor ?? [], recordedBy ?? []].flat())
  const identities = await readIdentities(tx, organization.id, [...new Set(actors)])
  return rows.map((row) => {
    const isSame = isSamePerson(namesOf(identities, row.recordedBy), namesOf(identities, row.actor))
    return { ...releaseItem(row), finding: isSame ? 'Who recorded the order let it go.' : null }
  })
}
