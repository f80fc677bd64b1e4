/** The scorecard of an organization, set as a whole version at a time. */
import { eq, and, desc } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../../command.ts'
import { DEFAULT_SCORECARD, faultOfScorecard, type Scorecard } from '../../domain/scorecard.ts'
import { writeAudit } from '../../ledger/audit.ts'
import { conflict, invalid, type Problem } from '../../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText, SENTENCE_LENGTH_MAX } from '../../text.ts'
import type { SetCreditScorecardInput } from '../../schema.generated.ts'
import { creditScorecard } from '@tidemark/drizzle/tables/credit-application.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** The one that is in force. */
export async function readScorecard(tx: Tx, organizationId: string): Promise<Scorecard> {
  const [row] = await tx
    .select()
    .from(creditScorecard)
    .where(and(eq(creditScorecard.organizationId, organizationId)))
    .orderBy(desc(creditScorecard.version))
    .limit(1)
  // Nothing else is ever written there.
  return row === undefined
    ? DEFAULT_SCORECARD
    : { ...(row.rules as Omit<Scorecard, 'version'>), version: row.version }
}

export type ScorecardSet = Audited & { readonly scorecard: Scorecard }

export async function setCreditScorecard(
  context: CommandContext,
  input: SetCreditScorecardInput,
): Promise<ScorecardSet | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const names: string[] = []
  for (const [index, { name }] of input.criteria.entries()) {
    const read = readRequiredText(name, ['criteria', String(index), 'name'], NAME_LENGTH_MAX)
    if ('code' in read) return read
    names.push(read.text)
  }
  const rules = {
    criteria: input.criteria.map(({ key, weight, steps, unknownPoints }, index) => ({
      key,
      name: names[index] ?? '',
      weight,
      steps: steps.map(({ from, points }) => ({ from, points })),
      unknownPoints,
    })),
    bands: input.bands.map((band) => ({ ...band, revenuePercent: band.revenuePercent ?? null })),
    bankReferencesMin: input.bankReferencesMin,
    tradeReferencesMin: input.tradeReferencesMin,
  }
  const fault = faultOfScorecard(rules)
  if (fault !== null) return invalid(fault.path, fault.message)
  const changed = conflict([], 'Somebody else set the scorecard at the same moment: read it again')
  const duplicates = { credit_scorecard_organization_id_version_pk: changed }
  return runCommand(context, { action: 'setCreditScorecard', input, duplicates }, async (tx) => {
    const { id: organizationId } = context.organization
    const before = await readScorecard(tx, organizationId)
    if (typeof input.expectedVersion === 'number' && input.expectedVersion !== before.version)
      return conflict(['expectedVersion'], `The scorecard is at version ${before.version} by now`)
    const scorecard = { ...rules, version: before.version + 1 }
    const audit = await writeAudit(tx, context, {
      action: 'setCreditScorecard',
      subject: organizationId,
      before,
      after: scorecard,
      reason: reason.text,
    })
    await tx
      .insert(creditScorecard)
      .values({ organizationId, version: scorecard.version, rules, auditId: audit.id })
    return { scorecard, audit }
  })
}
