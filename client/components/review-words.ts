/** What reviews are called and how they stand, in words. */
import type { GoalReviewKind, GoalReviewRole, ReviewRows_ReviewFragment } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'

export const reviewKindWords = {
  MONTHLY_ANALYSIS: 'Monthly analysis',
  QUARTERLY_REVIEW: 'Quarterly review',
} as const satisfies Record<GoalReviewKind, string>

export const reviewRoleWords = {
  OWNER: 'Owner',
  REVIEWER: 'Reviewer',
} as const satisfies Record<GoalReviewRole, string>

type Review = ReviewRows_ReviewFragment

/** "1 Oct 2026 to 31 Oct 2026". */
export const periodWords = ({ from, to }: Pick<Review, 'from' | 'to'>): string =>
  `${formatDay(from, 'medium')} to ${formatDay(to, 'medium')}`

/** "Signed", "Waits for Ann Lee and Bo Ray". */
export const waitingWords = ({ signedAt, signatures }: Review): string => {
  if (signedAt !== null) return 'Signed'
  const missing = signatures.filter((one) => one.signedAt === null)
  return `Waits for ${missing.map(({ person }) => person?.name ?? 'anybody').join(' and ')}`
}
