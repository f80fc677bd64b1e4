/** Who stands above whom, dated, and never in a circle. */
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { faultOfParent, type DatedParent } from '../domain/hierarchy.ts'
import { dayOf, formatDay, isPlausible, type Day } from '../domain/day.ts'
import { writeAudit } from '../ledger/audit.ts'
import { findCustomer } from '../ledger/find.ts'
import { LEVELS_MAX } from '../ledger/hierarchy.ts'
import { conflict, implausible, invalid, isProblem, staleCustomer, type Problem } from '../problem.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { SetParentCustomerInput } from '../schema.generated.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { and, eq } from 'drizzle-orm'

export type ParentSet = Audited & { readonly customerId: string }

type Days = { readonly from: Day; readonly until: Day | null }

/** Says whose subsidiary a customer is. Of those that hold on a day the one counts that began last. */
export async function setParentCustomer(
  context: CommandContext,
  input: SetParentCustomerInput,
): Promise<ParentSet | Problem> {
  const today = todayOf(context)
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  if (input.parent.none === false) return invalid(['parent', 'none'], 'none can only be true')
  const from = input.from ?? today
  const until = input.until ?? null
  if (!isPlausible(from)) return implausible(['from'], from)
  if (until !== null && !isPlausible(until)) return implausible(['until'], until)
  if (Temporal.PlainDate.compare(from, today) < 0) {
    const told = `${from.toString()} is over: who stood above whom stays what it was, and today is ${today.toString()}`
    return invalid(['from'], told)
  }
  if (until !== null && Temporal.PlainDate.compare(until, from) < 0)
    return invalid(['until'], `The last day, ${until.toString()}, lies before the first, ${from.toString()}`)
  const days = { from: dayOf(from), until: until === null ? null : dayOf(until) }
  return runCommand(context, { action: 'setParentCustomer', input }, (tx) =>
    writeParent(tx, context, input, days, reason.text),
  )
}

async function writeParent(
  tx: Tx,
  context: CommandContext,
  input: SetParentCustomerInput,
  days: Days,
  reason: string,
): Promise<ParentSet | Problem> {
  const organizationId = context.organization.id
  const child = await findCustomer(tx, organizationId, input.customer, ['customer'])
  if (isProblem(child)) return child
  const parent = input.parent.none ? null : await findCustomer(tx, organizationId, input.parent, ['parent'])
  if (isProblem(parent)) return parent
  const known = await holdRelations(tx, organizationId, child.id, parent?.id ?? null)
  const held = await findCustomer(tx, organizationId, { number: child.number }, ['customer'])
  if (isProblem(held)) return held
  if (typeof input.expectedVersion === 'number' && input.expectedVersion !== held.version)
    return staleCustomer(['expectedVersion'], held.number, held.version)
  const version = held.version + 1
  const added: DatedParent = { customerId: child.id, parentId: parent?.id ?? null, version, ...days }
  const fault = faultOfParent([...known, added], added, LEVELS_MAX)
  if (fault !== null && parent !== null) return circle(fault, child, parent)
  return store(tx, context, { held, parent, added, reason })
}

const circle = (
  { day, isLoop }: { readonly day: Day; readonly isLoop: boolean },
  child: CustomerRow,
  parent: CustomerRow,
): Problem =>
  conflict(
    ['parent'],
    isLoop
      ? `On ${formatDay(day)} customer ${parent.number} stands below customer ${child.number}, or is the same: nobody can be above itself`
      : `On ${formatDay(day)} more than ${LEVELS_MAX} customers would stand above each other`,
  )

type Stored = {
  readonly held: CustomerRow
  readonly parent: CustomerRow | null
  readonly added: DatedParent
  readonly reason: string
}

async function store(
  tx: Tx,
  context: CommandContext,
  { held, parent, added, reason }: Stored,
): Promise<ParentSet> {
  const organizationId = context.organization.id
  const from = formatDay(added.from)
  const until = added.until === null ? null : formatDay(added.until)
  const audit = await writeAudit(tx, context, {
    action: 'setParentCustomer',
    subject: held.id,
    after: { parent: parent?.number ?? null, from, until },
    reason,
  })
  await tx.sql`
    insert into customer_parent (organization_id, customer_id, version, parent_id, effective_on, until, audit_id)
    values (${organizationId}, ${held.id}, ${added.version}, ${parent?.id ?? null}, ${from}, ${until}, ${audit.id})`
  await tx
    .update(customer)
    .set({ version: added.version })
    .where(and(eq(customer.organizationId, organizationId), eq(customer.id, held.id)))
  return { customerId: held.id, audit }
}

type RelationRow = {
  customer_id: string
  parent_id: string | null
  version: number
  from: Day
  until: Day | null
}

/**
 * Locks, in the order of ids, the customer and all that ever stand above its new parent, and answers with what is said of
 * all who are connected with them. Of two who would close a circle together one has to wait for the other.
 */
async function holdRelations(
  tx: Tx,
  organizationId: string,
  childId: string,
  parentId: string | null,
): Promise<DatedParent[]> {
  const above = tx.sql`
    with recursive up (id) as (
      select unnest(${[childId, ...(parentId === null ? [] : [parentId])]}::uuid[])
      union
      select one.parent_id from up join customer_parent as one
        on one.organization_id = ${organizationId} and one.customer_id = up.id and one.parent_id is not null
    ) select id from up`
  await tx.sql`
    select from customer where organization_id = ${organizationId} and id in (${above})
    order by id for no key update`
  // With all below, for a whole group may get too many levels.
  const rows = await tx.sql<RelationRow[]>`
    with recursive related (id) as (
      select unnest(${[childId, ...(parentId === null ? [] : [parentId])]}::uuid[])
      union
      select other.id from related cross join lateral (
        select parent_id as id from customer_parent
        where organization_id = ${organizationId} and customer_id = related.id and parent_id is not null
        union all
        select customer_id from customer_parent
        where organization_id = ${organizationId} and parent_id = related.id
      ) as other
    )
    select customer_id, parent_id, version, effective_on - date '1970-01-01' as from, until - date '1970-01-01' as until
    from customer_parent join related on related.id = customer_id where organization_id = ${organizationId}`
  return rows.map(({ customer_id, parent_id, ...row }) => ({
    customerId: customer_id,
    parentId: parent_id,
    ...row,
  }))
}
