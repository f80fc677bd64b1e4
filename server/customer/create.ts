import { randomUUIDv7 } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { writeAudit } from '../ledger/audit.ts'
import { conflict, isProblem, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText, readText } from '../text.ts'
import type { CreateCustomerInput } from '../schema.generated.ts'
import { findOwner } from './owner.ts'
import { checkTerms } from './terms.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type CustomerChanged = Audited & { readonly customerId: string }

/** Adds a customer. Its dimensions decide in which segments what is posted for it counts. */
export async function createCustomer(
  context: CommandContext,
  input: CreateCustomerInput,
): Promise<CustomerChanged | Problem> {
  const checked = checkCustomer(input)
  if (isProblem(checked)) return checked
  const duplicates = { customer_number: duplicate(checked.number) }
  return runCommand(context, { action: 'createCustomer', input, duplicates }, (tx) =>
    writeCustomer(tx, context, input, checked),
  )
}

const duplicate = (number: string) =>
  conflict(['number'], `There is a customer with number ${number} already`)

type CheckedCustomer = {
  readonly number: string
  readonly name: string
  readonly termsDays: number
  readonly businessUnit: string | null
  readonly region: string | null
  readonly channel: string | null
}

function checkCustomer(input: CreateCustomerInput): CheckedCustomer | Problem {
  const number = readRequiredText(input.number, ['number'], NAME_LENGTH_MAX)
  if ('code' in number) return number
  const name = readRequiredText(input.name, ['name'], NAME_LENGTH_MAX)
  if ('code' in name) return name
  const terms = checkTerms(input.termsDays)
  if (terms !== null) return terms
  const businessUnit = readText(input.businessUnit, ['businessUnit'], NAME_LENGTH_MAX)
  if ('code' in businessUnit) return businessUnit
  const region = readText(input.region, ['region'], NAME_LENGTH_MAX)
  if ('code' in region) return region
  const channel = readText(input.channel, ['channel'], NAME_LENGTH_MAX)
  if ('code' in channel) return channel
  return {
    number: number.text,
    name: name.text,
    termsDays: input.termsDays,
    businessUnit: businessUnit.text,
    region: region.text,
    channel: channel.text,
  }
}

async function writeCustomer(
  tx: Tx,
  context: CommandContext,
  input: CreateCustomerInput,
  checked: CheckedCustomer,
): Promise<CustomerChanged | Problem> {
  const organizationId = context.organization.id
  const owner = input.ownerId ? await findOwner(tx, organizationId, input.ownerId, ['ownerId']) : null
  if (isProblem(owner)) return owner
  // Two at once are caught by the unique constraint.
  const existing = await tx
    .select({ id: customer.id })
    .from(customer)
    .where(and(eq(customer.organizationId, organizationId), eq(customer.number, checked.number)))
  if (existing.length > 0) return duplicate(checked.number)
  const id = randomUUIDv7()
  const ownerId = owner?.id ?? null
  await tx.insert(customer).values({ organizationId, id, ownerId, ...checked })
  // Without the name: the audit outlives what may have to be forgotten.
  const { name: _, ...kept } = checked
  const audit = await writeAudit(tx, context, {
    action: 'createCustomer',
    subject: id,
    after: { ...kept, ownerId },
  })
  return { customerId: id, audit }
}
