import { FileCheck2 } from 'lucide-react'
import { useSearchParams } from 'wouter'
import { reviewColumns, ReviewHead, ReviewRows } from '../components/review-rows.tsx'
import { ReviewsDocument, ReviewsMoreDocument, type ReviewsQuery } from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { reviewPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { MoreRows } from './more-rows.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useViewing } from './use-viewer.ts'

const choices = [
  { id: 'waiting', label: 'Waiting' },
  { id: 'signed', label: 'Signed' },
  { id: 'all', label: 'All' },
] as const
type Choice = (typeof choices)[number]['id']

const isSignedOf = { waiting: false, signed: true, all: null } as const satisfies Record<
  Choice,
  boolean | null
>

const choiceOf = (text: string | null): Choice => choices.find(({ id }) => id === text)?.id ?? 'waiting'

const NoReviews = ({ choice }: { readonly choice: Choice }) => (
  <div className="panel px-4 py-10 text-center sm:px-5">
    <FileCheck2 aria-hidden="true" className="mx-auto size-5 text-accent" />
    <h2 className="mt-3 text-base font-semibold">
      {choice === 'waiting' ? 'Nothing waits to be signed' : 'No reviews yet'}
    </h2>
    <p className="mx-auto mt-1 max-w-md text-pretty text-muted">
      A review of each goal is opened in the night after a month or a quarter ends.
    </p>
  </div>
)

const Reviews = ({ data, choice }: { readonly data: ReviewsQuery; readonly choice: Choice }) => {
  const { membership } = useViewing()
  const { nodes, pageInfo, totalCount } = data.goalReviews
  if (nodes.length === 0) return <NoReviews choice={choice} />
  const hrefOf = (id: string) => reviewPath(membership.slug, id)
  return (
    <Panel title="Reviews" note={totalCount === null ? null : formatCount(totalCount)}>
      <table className="rows">
        <caption className="sr-only">Reviews of goals, the last due first</caption>
        <ReviewHead />
        <tbody>
          <ReviewRows reviews={nodes} hrefOf={hrefOf} />
        </tbody>
        <MoreRows
          query={ReviewsMoreDocument}
          rest={{ isSigned: isSignedOf[choice] }}
          pageInfo={pageInfo}
          columns={reviewColumns}
          pick={({ goalReviews }) => goalReviews}
        >
          {(reviews) => <ReviewRows reviews={reviews} hrefOf={hrefOf} />}
        </MoreRows>
      </table>
    </Panel>
  )
}

/** What was found, said and decided about the goals, by period, and what still waits to be signed. */
export const ReviewsPage = () => {
  const { membership } = useViewing()
  const [parameters, setParameters] = useSearchParams()
  const choice = choiceOf(parameters.get('show'))
  const answer = useAnswer(ReviewsDocument, { isSigned: isSignedOf[choice] })
  return (
    <PageBody>
      <ProgressLine isActive={answer.isFetching} />
      <PageHeading
        title="Reviews"
        place={membership.name}
        note="What became of each goal in a month or a quarter, what was decided, and who signed it."
        actions={
          <ChoiceBar
            legend="Which reviews"
            choices={choices}
            chosen={choice}
            onChoose={(id) => setParameters(id === 'waiting' ? {} : { show: id }, { replace: true })}
          />
        }
      />
      <Answered of={answer} title="The reviews could not be loaded" skeleton={<RowsSkeleton />}>
        {(data) => <Reviews data={data} choice={choice} />}
      </Answered>
    </PageBody>
  )
}
