import { ArrowLeft, Download, Printer, RefreshCw, Signature } from 'lucide-react'
import { useState } from 'react'
import { useClient } from 'urql'
import { Link } from 'wouter'
import {
  ReviewAlerts,
  ReviewChanges,
  ReviewExplanation,
  ReviewStanding,
  ReviewStatuses,
  ReviewWork,
} from '../components/review-findings.tsx'
import { ReviewSignatures } from '../components/review-signatures.tsx'
import { periodWords, reviewKindWords } from '../components/review-words.ts'
import {
  RefreshGoalReviewDocument,
  ReopenGoalReviewDocument,
  ReviewDocument,
  ReviewFileDocument,
  type ReviewQuery,
  SignGoalReviewDocument,
} from '../documents.generated.ts'
import { formatSecond } from '../format/moment.ts'
import { useAnswer } from '../live/use-answer.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { isProblem } from '../ui/form-problem.ts'
import { Menu, MenuItem } from '../ui/menu.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { goalPath, organizationPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { errorWords } from './error-words.ts'
import { PageBody, Panel } from './page-body.tsx'
import { ReviewTalk } from './review-talk.tsx'
import { saveFile } from './save-file.ts'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

type Review = NonNullable<ReviewQuery['goalReview']>

/** Whether it is for the viewer to sign it, and they have not yet. */
const useMaySign = ({ signedAt, signatures }: Review): boolean => {
  const { viewer, may } = useViewing()
  const own = viewer?.person?.id
  return (
    signedAt === null &&
    own !== undefined &&
    signatures.some(
      (one) => one.signedAt === null && (one.person === null ? may('goal:write') : one.person.id === own),
    )
  )
}

type Opened = 'SIGN' | 'REFRESH' | 'REOPEN'

type DeedProps = {
  readonly review: Review
  readonly onClose: () => void
  readonly onDone: (told: string) => void
}

const useDeed = ({ review, onDone }: DeedProps) => {
  const send = useSend()
  const seen = { review: review.id, expectedVersion: review.version }
  return {
    sign: async () => {
      const answer = await send(SignGoalReviewDocument, seen)
      if (isProblem(answer)) return answer
      onDone('You have signed the review.')
      return null
    },
    refresh: async () => {
      const answer = await send(RefreshGoalReviewDocument, seen)
      if (isProblem(answer)) return answer
      onDone('What happened was found anew.')
      return null
    },
    reopen: async (reason: string | null) => {
      const answer = await send(ReopenGoalReviewDocument, { ...seen, reason: reason ?? '' })
      if (isProblem(answer)) return answer
      onDone('The review can be changed again.')
      return null
    },
  }
}

const OpenedDialog = ({ opened, ...props }: DeedProps & { readonly opened: Opened }) => {
  const deed = useDeed(props)
  const { onClose } = props
  switch (opened) {
    case 'SIGN':
      return (
        <ConfirmDialog title="Sign the review" action="Sign" onConfirm={deed.sign} onClose={onClose}>
          <p>
            You put your name to what was found, said and decided. With the last signature nothing of it can
            be changed any more, by anybody.
          </p>
        </ConfirmDialog>
      )
    case 'REFRESH':
      return (
        <ConfirmDialog title="Find it anew" action="Find it anew" onConfirm={deed.refresh} onClose={onClose}>
          <p>
            What happened in the period is read from the books as they are known now. What was said and
            decided stays.
          </p>
        </ConfirmDialog>
      )
    case 'REOPEN':
      return (
        <ConfirmDialog
          title="Take the signatures back"
          action="Take them back"
          reason="required"
          onConfirm={deed.reopen}
          onClose={onClose}
        >
          <p>The review can be changed again, and everybody has to sign it again.</p>
        </ConfirmDialog>
      )
  }
}

const Deeds = ({ review, isFrozen }: { readonly review: Review; readonly isFrozen: boolean }) => {
  const client = useClient()
  const tell = useToast()
  const { may } = useViewing()
  const maySign = useMaySign(review)
  const [opened, setOpened] = useState<Opened | null>(null)
  const download = async () => {
    const { data, error } = await client.query(ReviewFileDocument, { id: review.id }).toPromise()
    if (data?.goalReview)
      saveFile(`review-${review.from}-${review.to}.html`, data.goalReview.document, 'text/html')
    else tell(errorWords(error ?? null))
  }
  const onClose = () => setOpened(null)
  const onDone = (told: string) => {
    onClose()
    tell(told)
  }
  const mayChange = may('goal:write') && review.signedAt === null
  return (
    <div className="flex flex-wrap items-center gap-2 print:hidden">
      {maySign && (
        <Button look="primary" onClick={() => setOpened('SIGN')}>
          <Signature aria-hidden="true" className="size-4" />
          Sign
        </Button>
      )}
      <Button onClick={() => void download()}>
        <Download aria-hidden="true" className="size-4" />
        Save as a file
      </Button>
      <Menu label="More for this review">
        <MenuItem icon={<Printer aria-hidden="true" className="size-4" />} onChoose={() => print()}>
          Print
        </MenuItem>
        {mayChange && !isFrozen && (
          <MenuItem
            icon={<RefreshCw aria-hidden="true" className="size-4" />}
            onChoose={() => setOpened('REFRESH')}
          >
            Find it anew
          </MenuItem>
        )}
        {mayChange && isFrozen && (
          <MenuItem
            isDanger
            icon={<Signature aria-hidden="true" className="size-4" />}
            onChoose={() => setOpened('REOPEN')}
          >
            Take the signatures back
          </MenuItem>
        )}
      </Menu>
      {opened && <OpenedDialog opened={opened} review={review} onClose={onClose} onDone={onDone} />}
    </div>
  )
}

const Shown = ({
  review,
  timeZone,
  onConflict,
}: {
  readonly review: Review
  readonly timeZone: string
  readonly onConflict: () => void
}) => {
  const { membership, may } = useViewing()
  const { findings, goal } = review
  const isFrozen = review.signatures.some(({ signedAt }) => signedAt !== null)
  return (
    <>
      <PageHeading
        title={`${reviewKindWords[review.kind]}: ${findings.name}`}
        place={membership.name}
        note={
          <>
            {periodWords(review)} ·{' '}
            <Link
              href={goalPath(membership.slug, goal.id)}
              className="font-medium text-accent underline print:no-underline"
            >
              the goal as it is now
            </Link>{' '}
            · {goal.scope} {review.isOverdue && <Badge tone="act">Overdue</Badge>}
          </>
        }
        actions={<Deeds review={review} isFrozen={isFrozen} />}
      />
      <Panel title="What happened">
        <ReviewStanding findings={findings} />
      </Panel>
      <Panel title="What moved it">
        <ReviewExplanation findings={findings} />
      </Panel>
      <Panel title="The plan">
        <ReviewWork findings={findings} />
      </Panel>
      <Panel title="How it was judged">
        <ReviewStatuses findings={findings} />
      </Panel>
      {findings.alerts.length > 0 && (
        <Panel title="Alerts">
          <ReviewAlerts findings={findings} />
        </Panel>
      )}
      {findings.changes.length > 0 && (
        <Panel title="What was changed of the goal">
          <ReviewChanges findings={findings} />
        </Panel>
      )}
      <ReviewTalk review={review} mayWrite={may('goal:write') && !isFrozen} onConflict={onConflict} />
      <Panel title="Signatures">
        <ReviewSignatures signatures={review.signatures} timeZone={timeZone} />
      </Panel>
      <p className="text-xs text-muted">
        Found in the books as they were known at {formatSecond(findings.knownAt, timeZone)}.
      </p>
    </>
  )
}

/** One review: what happened to a goal in a period, what was said and decided, and who signed it. */
export const ReviewPage = ({ id }: { readonly id: string }) => {
  const { membership, organization } = useViewing()
  const answer = useAnswer(ReviewDocument, { id })
  return (
    <PageBody>
      <ProgressLine isActive={answer.isFetching} />
      <Link
        href={organizationPath(membership.slug, 'reviews')}
        className="-mb-3 inline-flex w-fit items-center gap-1.5 rounded-sm text-xs font-medium text-muted hover:text-ink print:hidden"
      >
        <ArrowLeft aria-hidden="true" className="size-3.5" />
        All reviews
      </Link>
      <Answered of={answer} title="The review could not be loaded" skeleton={<RowsSkeleton />}>
        {({ goalReview }) =>
          goalReview ? (
            <Shown
              review={goalReview}
              timeZone={organization?.timeZone ?? 'UTC'}
              onConflict={answer.refetch}
            />
          ) : (
            <PageHeading title="There is no such review" place={membership.name} />
          )
        }
      </Answered>
    </PageBody>
  )
}
