import { invalid, type Problem } from '../problem.ts'

/** Two years: longer terms are a loan, or a slip of the pen. */
const TERMS_DAYS_MAX = 730

/** Null where they may be. */
export const checkTerms = (days: number): Problem | null =>
  days >= 0 && days <= TERMS_DAYS_MAX
    ? null
    : invalid(['termsDays'], `${days} days do not lie between 0 and ${TERMS_DAYS_MAX}`)
