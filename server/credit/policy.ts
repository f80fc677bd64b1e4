/** The rules of credit: set as a whole version at a time, each with its first day. */
import { and, desc, eq } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { assemblePage, requestPage, type Page, type SortKey } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import type { CreditPolicy } from '../domain/credit-decision.ts'
import { dateOf, dayOf, isPlausible, type Day } from '../domain/day.ts'
import { writeAudit } from '../ledger/audit.ts'
import { policyOf, readCreditPolicy, storeRules } from '../ledger/credit-policy.ts'
import { conflict, implausible, invalid, isProblem, type Problem } from '../problem.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { QueryCreditPoliciesArgs, SetCreditPolicyInput } from '../schema.generated.ts'
import { auditable, changesOf, saysNothing, withRules, type PolicyChange } from './policy-rules.ts'
import { creditPolicy } from '@tidemark/drizzle/tables/order.ts'

export type PolicySet = Audited & {
  readonly policy: CreditPolicy
  readonly previous: CreditPolicy
  readonly changes: readonly PolicyChange[]
}

/** Sets the rules that decide from a day on. What is left out stays as it would be on that day. */
export async function setCreditPolicy(
  context: CommandContext,
  input: SetCreditPolicyInput,
): Promise<PolicySet | Problem> {
  const { organization } = context
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  if (saysNothing(input)) return invalid([], 'Give the rule that is to change')
  const effectiveOn = readFirstDay(input, dayOf(todayOf(context)))
  if (typeof effectiveOn !== 'number') return effectiveOn
  const command = {
    action: 'setCreditPolicy',
    input,
    duplicates: { credit_policy_organization_id_version_pk: changedMeanwhile },
  }
  return runCommand(context, command, async (tx) => {
    const [latest, previous] = await Promise.all([
      tx
        .select({ version: creditPolicy.version })
        .from(creditPolicy)
        .where(eq(creditPolicy.organizationId, organization.id))
        .orderBy(desc(creditPolicy.version))
        .limit(1),
      readCreditPolicy(tx, organization.id, effectiveOn),
    ])
    const version = latest[0]?.version ?? 0
    if (typeof input.expectedVersion === 'number' && input.expectedVersion !== version)
      return conflict(['expectedVersion'], `The rules of credit are at version ${version} by now`)
    const ruled = withRules(previous, input, organization.baseCurrency)
    if (isProblem(ruled)) return ruled
    const policy = { ...ruled, version: version + 1, effectiveOn }
    const written = await writeAudit(tx, context, {
      action: 'setCreditPolicy',
      subject: organization.id,
      before: audited(previous, organization.baseCurrency),
      after: audited(policy, organization.baseCurrency),
      reason: reason.text,
    })
    await tx.insert(creditPolicy).values({
      organizationId: organization.id,
      ...policy,
      effectiveOn: dateOf(effectiveOn),
      rules: storeRules(policy),
      auditId: written.id,
    })
    const changes = changesOf(previous, policy, organization.baseCurrency)
    return { policy, previous, changes, audit: written }
  })
}

const audited = (policy: CreditPolicy, currency: string) => ({
  ...auditable(policy, currency),
  effectiveOn: policy.effectiveOn === null ? null : dateOf(policy.effectiveOn).toString(),
})

const changedMeanwhile = conflict(
  [],
  'Somebody else set the rules of credit at the same moment: read them again',
)

function readFirstDay({ effectiveOn }: SetCreditPolicyInput, today: Day): Day | Problem {
  if (!effectiveOn) return today
  if (!isPlausible(effectiveOn)) return implausible(['effectiveOn'], effectiveOn)
  if (dayOf(effectiveOn) >= today) return dayOf(effectiveOn)
  const told = `${effectiveOn.toString()} is over: what was in force stays what it was, and today is ${dateOf(today).toString()}`
  return invalid(['effectiveOn'], told)
}

/** The latest first, also those to come. */
export async function listPolicies(
  { reader, organization }: Context,
  args: QueryCreditPoliciesArgs,
): Promise<Page<CreditPolicy>> {
  const request = requestPage(args, keys)
  const where = eq(creditPolicy.organizationId, organization.id)
  const rows = await reader.read((tx) =>
    tx
      .select()
      .from(creditPolicy)
      .where(and(where, request.after))
      .orderBy(...request.orderBy)
      .limit(request.limit),
  )
  return assemblePage(request, rows.map(policyOf), (limit) =>
    reader.read((tx) =>
      tx.$count(
        tx
          .select({ version: creditPolicy.version })
          .from(creditPolicy)
          .where(where)
          .limit(limit)
          .as('limited'),
      ),
    ),
  )
}

const keys: SortKey<CreditPolicy>[] = [
  {
    name: 'VERSION',
    column: creditPolicy.version,
    direction: 'DESC',
    type: 'bigint',
    valueOf: ({ version }) => String(version),
  },
]
