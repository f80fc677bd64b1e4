/** What a command answers that was carried out by nobody, and where somebody else has to decide. */
import type { ApprovalAsked } from '../authority/asked.ts'
import type { CliSession } from './session.ts'

export const DRY_RUN = 'Dry run, nothing was written. It would be:'

/** Nothing is done, and it may come to be: neither done nor refused. */
export const answerAsked = (
  session: CliSession,
  { requestId, requirements, stepCount, dryRun }: ApprovalAsked,
): void => {
  const told =
    requestId === null ? 'Dry run: it would need approval.' : `It waits for approval: ${requestId}.`
  session.answer(told, { outcome: 'APPROVAL_REQUESTED', requestId, requirements, stepCount, dryRun })
  process.exitCode = 2
}
