import { runCommand, type Audited, type CommandContext } from '../../command.ts'
import { todayOf } from '../../context.ts'
import { dayOf } from '../../domain/day.ts'
import { formatMinor } from '../../domain/money.ts'
import { scoreApplication } from '../../domain/scorecard.ts'
import { newUuid } from '../../ids.ts'
import { writeAudit, type Author } from '../../ledger/audit.ts'
import { findCustomer } from '../../ledger/find.ts'
import { isProblem, type Problem } from '../../problem.ts'
import type { SubmitCreditApplicationInput } from '../../schema.generated.ts'
import { creditApplication } from '@tidemark/drizzle/tables/credit-application.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import {
  factsToScore,
  readApplication,
  storeScore,
  type ApplicationFault,
  type ApplicationRead,
  type StoredScore,
} from './facts.ts'
import { momentOf } from './moment.ts'
import { readScorecard } from './scorecard.ts'

export type ApplicationSubmitted = Audited & {
  readonly applicationId: string
  readonly score: StoredScore
  readonly currency: string
}

/** Nothing was kept, for it lacks something. */
export type ApplicationRefused = {
  readonly __typename: 'CreditApplicationRefused'
  readonly message: string
  readonly code: 'INVALID'
  readonly path: readonly string[]
  readonly faults: readonly ApplicationFault[]
}

/** Keeps a complete application, scored. */
export async function submitCreditApplication(
  context: CommandContext,
  input: SubmitCreditApplicationInput,
): Promise<ApplicationSubmitted | ApplicationRefused | Problem> {
  try {
    return await runCommand(context, { action: 'submitCreditApplication', input }, async (tx) => {
      const { id: organizationId } = context.organization
      const scorecard = await readScorecard(tx, organizationId)
      const today = dayOf(todayOf(context))
      const read = readApplication(input, scorecard, today)
      if (!('facts' in read)) throw new Incomplete(read)
      const found = input.customer
        ? await findCustomer(tx, organizationId, input.customer, ['customer'])
        : null
      if (isProblem(found)) return found
      const kept = { ...read, requested: read.requested.minor, currency: read.requested.currency }
      const score = storeScore(scoreApplication(scorecard, factsToScore(kept, today)), kept.currency)
      return keepApplication(tx, context, { read, score, customerId: found?.id ?? null })
    })
  } catch (error) {
    if (error instanceof Incomplete) return refusal(error.faults)
    throw error
  }
}

type Kept = {
  readonly read: ApplicationRead
  readonly score: StoredScore
  readonly customerId: string | null
}

/** Only demo data passes `recordedAt`; else the audit has the database's clock. */
export async function keepApplication(
  tx: Tx,
  context: Author & Pick<CommandContext, 'organization' | 'now'>,
  { read: { facts, requested, requestedTermsDays }, score, customerId }: Kept,
  recordedAt: Temporal.Instant | null = null,
): Promise<ApplicationSubmitted> {
  const { organization, actor } = context
  const id = newUuid()
  const { minor, currency } = requested
  // Names and addresses stay out of the audit.
  const after = {
    requested: formatMinor(requested),
    currency,
    requestedTermsDays,
    score: score.score,
    scorecardVersion: score.scorecardVersion,
    recommendation: score.recommendation,
  }
  const record = { action: 'submitCreditApplication', subject: id, after }
  const audit = await writeAudit(tx, context, record, recordedAt)
  await tx.insert(creditApplication).values({
    organizationId: organization.id,
    id,
    customerId,
    facts,
    requested: minor,
    currency,
    requestedTermsDays,
    submittedAt: momentOf(context),
    submittedOn: todayOf(context),
    submittedBy: actor,
    score,
  })
  return { applicationId: id, score, currency, audit }
}

function refusal(faults: readonly ApplicationFault[]): ApplicationRefused {
  const fields = [...new Set(faults.map(({ path }) => path.join('.')))]
  return {
    __typename: 'CreditApplicationRefused',
    message: `${fields.length} ${fields.length === 1 ? 'field is' : 'fields are'} missing or wrong: ${fields.slice(0, 30).join(', ')}`,
    code: 'INVALID',
    path: [],
    faults,
  }
}

/** Undoes the transaction, and carries out of it what the application lacks. */
class Incomplete extends Error {
  readonly faults: readonly ApplicationFault[]
  constructor(faults: readonly ApplicationFault[]) {
    super('The application lacks something')
    this.faults = faults
  }
}
