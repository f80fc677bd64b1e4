import { and, eq } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { findCustomer } from '../ledger/find.ts'
import { lockItems } from '../ledger/histories.ts'
import { writeAudit } from '../ledger/audit.ts'
import { conflict, isProblem, type Problem } from '../problem.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { SetCreditLimitInput } from '../schema.generated.ts'
import {
  creditLimitColumns,
  creditLimitOf,
  readCreditLimit,
  storeCreditLimit,
  type CreditLimit,
  type StoredCreditLimit,
} from './credit-limit.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type CreditLimitSet = Audited & {
  readonly customerId: string
  readonly previous: StoredCreditLimit
  readonly current: StoredCreditLimit
  readonly version: number
}

/** Sets, lifts or removes a credit limit. `version` grows by one, also where the limit stays what it was. */
export async function setCreditLimit(
  context: CommandContext,
  input: SetCreditLimitInput,
): Promise<CreditLimitSet | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const limit = readCreditLimit(input.limit, ['limit'])
  if (isProblem(limit)) return limit
  return runCommand(context, { action: 'setCreditLimit', input }, (tx) =>
    writeCreditLimit(tx, context, input, limit),
  )
}

async function writeCreditLimit(
  tx: Tx,
  context: CommandContext,
  input: SetCreditLimitInput,
  limit: CreditLimit,
): Promise<CreditLimitSet | Problem> {
  const { organization } = context
  const named = await findCustomer(tx, organization.id, input.customer, ['customer'])
  if (isProblem(named)) return named
  await lockItems(tx, organization.id, [named.id], [])
  // Read again under the lock: whoever waited for another writer must not overwrite what that one wrote.
  const row = await findCustomer(tx, organization.id, { number: named.number }, ['customer'])
  if (isProblem(row)) return row
  if (typeof input.expectedVersion === 'number' && input.expectedVersion !== row.version) {
    return conflict(['expectedVersion'], `Customer ${row.number} is at version ${row.version} by now`)
  }
  const previous = storeCreditLimit(creditLimitOf(row))
  const current = storeCreditLimit(limit)
  const version = row.version + 1
  await tx
    .update(customer)
    .set({ ...creditLimitColumns(limit), version })
    .where(and(eq(customer.organizationId, organization.id), eq(customer.id, row.id)))
  const audit = await writeAudit(tx, context, {
    action: 'setCreditLimit',
    subject: row.id,
    before: previous,
    after: current,
    reason: input.reason,
  })
  return { customerId: row.id, previous, current, version, audit }
}
