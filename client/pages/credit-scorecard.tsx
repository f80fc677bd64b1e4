import { ArrowLeft } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import { ScorecardBands, ScorecardCriteria } from '../components/scorecard.tsx'
import { CreditScorecardDocument } from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { Button } from '../ui/button.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { creditPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { ScorecardDialog } from './scorecard-dialog.tsx'
import { useViewing } from './use-viewer.ts'

/** By what applications for credit are judged. */
export const CreditScorecardPage = () => {
  const { membership, may } = useViewing()
  const tell = useToast()
  const answer = useAnswer(CreditScorecardDocument, {})
  const [isOpen, setIsOpen] = useState(false)
  return (
    <PageBody>
      <ProgressLine isActive={answer.isFetching} />
      <Link
        href={creditPath(membership.slug, 'applications')}
        className="-mb-3 inline-flex w-fit items-center gap-1.5 rounded-sm text-xs font-medium text-muted hover:text-ink"
      >
        <ArrowLeft aria-hidden="true" className="size-3.5" />
        All applications
      </Link>
      <PageHeading
        title="Scorecard"
        place={membership.name}
        note="By what applications are judged. What was scored before stays as it was scored."
        actions={
          may('credit:write') &&
          answer.data && <Button onClick={() => setIsOpen(true)}>Change the scorecard</Button>
        }
      />
      <Answered of={answer} title="The scorecard could not be loaded" skeleton={<RowsSkeleton />}>
        {({ creditScorecard }) => (
          <>
            <p className="text-muted">
              {creditScorecard.version === 0
                ? 'Nobody has set one yet: this one is there from the start.'
                : `Version ${creditScorecard.version}.`}{' '}
              An application has to name at least {formatCount(creditScorecard.bankReferencesMin)} of its
              banks and {formatCount(creditScorecard.tradeReferencesMin)} of its suppliers.
            </p>
            <Panel title="What counts" note={formatCount(creditScorecard.criteria.length)}>
              <ScorecardCriteria criteria={creditScorecard.criteria} />
            </Panel>
            <Panel title="What a score leads to">
              <ScorecardBands bands={creditScorecard.bands} />
            </Panel>
            {isOpen && (
              <ScorecardDialog
                scorecard={creditScorecard}
                onClose={() => setIsOpen(false)}
                onDone={() => {
                  setIsOpen(false)
                  tell('The scorecard is set.')
                  answer.refetch()
                }}
              />
            )}
          </>
        )}
      </Answered>
    </PageBody>
  )
}
