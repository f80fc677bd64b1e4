import { CreditReviewPeriodsDocument, type CreditRiskClass } from '../documents.generated.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'

/** Where the policy says nothing. */
const usualMonths = { LOW: 12, MEDIUM: 12, HIGH: 3 } as const satisfies Record<CreditRiskClass, number>

/** After how many months a class is reviewed again: what the policy says, or else what is usual. */
export const useReviewMonths = (): ((risk: CreditRiskClass | null) => number) => {
  const { data } = useKeptQuery(CreditReviewPeriodsDocument, {})
  return (risk) =>
    data?.creditPolicy.reviewPeriods.find(({ riskClass }) => riskClass === risk)?.months ??
    usualMonths[risk ?? 'MEDIUM']
}
