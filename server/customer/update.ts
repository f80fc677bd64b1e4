import { and, eq } from 'drizzle-orm'
import { isAsked, type ApprovalAsked } from '../authority/asked.ts'
import { gate } from '../authority/gate.ts'
import { runCommand, type CommandContext } from '../command.ts'
import { writeAudit } from '../ledger/audit.ts'
import { findCustomer } from '../ledger/find.ts'
import { lockItems } from '../ledger/histories.ts'
import { invalid, isProblem, staleCustomer, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText } from '../text.ts'
import type { UpdateCustomerInput } from '../schema.generated.ts'
import type { CustomerChanged } from './create.ts'
import { findOwner } from './owner.ts'
import { checkTerms } from './terms.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Changes name, terms or collector. What was posted stays in the segments in which it is. */
export async function updateCustomer(
  context: CommandContext,
  input: UpdateCustomerInput,
): Promise<CustomerChanged | ApprovalAsked | Problem> {
  const checked = checkChanges(input)
  if (isProblem(checked)) return checked
  return runCommand<CustomerChanged | ApprovalAsked>(context, { action: 'updateCustomer', input }, (tx) =>
    writeChanges(tx, context, input, checked),
  )
}

type Changes = Partial<Pick<CustomerRow, 'name' | 'termsDays' | 'ownerId'>>

/** The collector, who has to be looked up, is not among them yet. */
function checkChanges({ name, termsDays, owner }: UpdateCustomerInput): Changes | Problem {
  const changes: Changes = {}
  if (typeof name === 'string') {
    const read = readRequiredText(name, ['name'], NAME_LENGTH_MAX)
    if ('code' in read) return read
    changes.name = read.text
  }
  if (typeof termsDays === 'number') {
    const terms = checkTerms(termsDays)
    if (terms !== null) return terms
    changes.termsDays = termsDays
  }
  if (owner?.none === false) return invalid(['owner', 'none'], 'none can only be true')
  if (Object.keys(changes).length === 0 && !owner)
    return invalid([], 'Give the name, the terms or the owner that is to change')
  return changes
}

async function writeChanges(
  tx: Tx,
  context: CommandContext,
  input: UpdateCustomerInput,
  checked: Changes,
): Promise<CustomerChanged | ApprovalAsked | Problem> {
  const organizationId = context.organization.id
  const named = await findCustomer(tx, organizationId, input.customer, ['customer'])
  if (isProblem(named)) return named
  const owner = input.owner?.id ? await findOwner(tx, organizationId, input.owner.id, ['owner', 'id']) : null
  if (isProblem(owner)) return owner
  await lockItems(tx, organizationId, [named.id], [])
  // Read again under the lock: whoever waited for another writer must not overwrite what that one wrote.
  const row = await findCustomer(tx, organizationId, { number: named.number }, ['customer'])
  if (isProblem(row)) return row
  if (typeof input.expectedVersion === 'number' && input.expectedVersion !== row.version)
    return staleCustomer(['expectedVersion'], row.number, row.version)
  const stopped = await gateTerms(tx, context, input, row)
  if (isAsked(stopped) || isProblem(stopped)) return stopped
  const changes: Changes = { ...checked, ...(input.owner ? { ownerId: owner?.id ?? null } : {}) }
  await tx
    .update(customer)
    .set({ ...changes, version: row.version + 1 })
    .where(and(eq(customer.organizationId, organizationId), eq(customer.id, row.id)))
  const audit = await writeAudit(tx, context, {
    action: 'updateCustomer',
    subject: row.id,
    before: auditable(row, changes),
    after: auditable({ ...row, ...changes }, changes),
  })
  return { customerId: row.id, audit }
}

/** Only longer terms need authority; what else comes with them waits as well. */
async function gateTerms(
  tx: Tx,
  context: CommandContext,
  input: UpdateCustomerInput,
  { id, termsDays }: CustomerRow,
): Promise<ApprovalAsked | Problem | null> {
  const days = (input.termsDays ?? termsDays) - termsDays
  if (days <= 0) return null
  const inWords = (terms: number) => `${terms} ${terms === 1 ? 'day' : 'days'}`
  const [before, after] = [inWords(termsDays), inWords(termsDays + days)]
  return gate(tx, context, {
    command: { action: 'updateCustomer', input },
    dryRun: input.dryRun,
    proposals: [{ row: 0, action: 'TERMS', customerId: id, before, after, from: null, to: null, days }],
  })
}

/** What was changed, without the name: the audit outlives what may have to be forgotten. */
const auditable = ({ termsDays, ownerId }: CustomerRow, changes: Changes) => ({
  ...('termsDays' in changes ? { termsDays } : {}),
  ...('ownerId' in changes ? { ownerId } : {}),
  ...('name' in changes ? { name: 'changed' } : {}),
})
