import type { CustomerMarks_CreditFragment, ExposureState } from '../documents.generated.ts'
import { Badge } from '../ui/badge.tsx'

type CustomerMarksProps = {
  readonly credit: CustomerMarks_CreditFragment
  readonly state: ExposureState
}

/** What is the matter with a customer's credit; nothing where nothing is. */
export const CustomerMarks = ({ credit: { hold, isReviewOverdue }, state }: CustomerMarksProps) => (
  <>
    {hold && (
      <>
        {' '}
        <Badge tone="act">On hold</Badge>
      </>
    )}
    {state === 'OVER_LIMIT' && (
      <>
        {' '}
        <Badge tone="act">Over the limit</Badge>
      </>
    )}
    {isReviewOverdue && (
      <>
        {' '}
        <Badge tone="watch">Review overdue</Badge>
      </>
    )}
  </>
)
