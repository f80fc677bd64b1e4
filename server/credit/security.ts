/** What covers a part of what customers owe. */
import { and, eq } from 'drizzle-orm'
import { readPositiveMoney } from '../amount.ts'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf, type Context } from '../context.ts'
import { isPlausible } from '../domain/day.ts'
import { formatMinor } from '../domain/money.ts'
import { decodeId, newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { findCustomer } from '../ledger/find.ts'
import { conflict, implausible, invalid, isProblem, notFound, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { EndSecurityInput, RecordSecurityInput } from '../schema.generated.ts'
import type { CreditSecurityRow } from '@tidemark/drizzle/rows.ts'
import { creditSecurity } from '@tidemark/drizzle/tables/order.ts'

export type SecurityChanged = Audited & { readonly securityId: string }

/** Records what covers a part of what a customer owes. */
export async function recordSecurity(
  context: CommandContext,
  input: RecordSecurityInput,
): Promise<SecurityChanged | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const reference = readText(input.reference, ['reference'], NAME_LENGTH_MAX)
  if ('code' in reference) return reference
  const amount = readPositiveMoney(input.amount, ['amount'])
  if (isProblem(amount)) return amount
  const effectiveOn = input.effectiveOn ?? todayOf(context)
  const until = input.until ?? null
  if (!isPlausible(effectiveOn)) return implausible(['effectiveOn'], effectiveOn)
  if (until !== null && !isPlausible(until)) return implausible(['until'], until)
  if (until !== null && Temporal.PlainDate.compare(until, effectiveOn) < 0) {
    return invalid(
      ['until'],
      `The last day, ${until.toString()}, lies before the first, ${effectiveOn.toString()}`,
    )
  }
  return runCommand(context, { action: 'recordSecurity', input }, async (tx) => {
    const organizationId = context.organization.id
    const found = await findCustomer(tx, organizationId, input.customer, ['customer'])
    if (isProblem(found)) return found
    const security = {
      organizationId,
      id: newUuid(),
      customerId: found.id,
      kind: input.kind,
      amount: amount.minor,
      currency: amount.currency,
      effectiveOn,
      until,
      reference: reference.text,
    }
    await tx.insert(creditSecurity).values(security)
    const audit = await writeAudit(tx, context, {
      action: 'recordSecurity',
      subject: found.id,
      after: auditable(security),
      reason: reason.text,
    })
    return { securityId: security.id, audit }
  })
}

/** Ends a security with a day, from which on it covers nothing. */
export async function endSecurity(
  context: CommandContext,
  input: EndSecurityInput,
): Promise<SecurityChanged | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const yesterday = todayOf(context).subtract({ days: 1 })
  const until = input.until ?? yesterday
  if (!isPlausible(until)) return implausible(['until'], until)
  if (Temporal.PlainDate.compare(until, yesterday) < 0) {
    const told = `What held until today stays what it was: the last day is ${yesterday.toString()} or later, not ${until.toString()}`
    return invalid(['until'], told)
  }
  return runCommand(context, { action: 'endSecurity', input }, async (tx) => {
    const organizationId = context.organization.id
    const uuid = decodeId('security', input.security)
    const where = and(
      eq(creditSecurity.organizationId, organizationId),
      eq(creditSecurity.id, uuid ?? '00000000-0000-0000-0000-000000000000'),
    )
    const [held] = await tx.select().from(creditSecurity).where(where).for('update')
    if (held === undefined) return notFound(['security'], `There is no security with id ${input.security}`)
    if (held.until !== null && Temporal.PlainDate.compare(held.until, until) <= 0)
      return conflict(['security'], `It ends on ${held.until.toString()} already`)
    await tx.update(creditSecurity).set({ until }).where(where)
    const audit = await writeAudit(tx, context, {
      action: 'endSecurity',
      subject: held.customerId,
      before: auditable(held),
      after: auditable({ ...held, until }),
      reason: reason.text,
    })
    return { securityId: held.id, audit }
  })
}

type Auditable = Omit<CreditSecurityRow, 'organizationId' | 'recordedAt'>

const auditable = ({ id, kind, amount, currency, effectiveOn, until, reference }: Auditable) => ({
  security: id,
  kind,
  amount: formatMinor({ minor: amount, currency }),
  currency,
  effectiveOn: effectiveOn.toString(),
  until: until?.toString() ?? null,
  reference,
})

export async function readSecurity(
  { reader, organization }: Context,
  id: string,
): Promise<CreditSecurityRow | null> {
  const [row] = await reader.read((tx) =>
    tx
      .select()
      .from(creditSecurity)
      .where(and(eq(creditSecurity.organizationId, organization.id), eq(creditSecurity.id, id))),
  )
  return row ?? null
}
