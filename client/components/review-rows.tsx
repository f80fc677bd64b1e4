import { CircleCheck, CircleDashed } from 'lucide-react'
import { Link } from 'wouter'
import type { ReviewRows_ReviewFragment } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { Badge } from '../ui/badge.tsx'
import { toneText } from '../ui/tone.ts'
import { periodWords, reviewKindWords, waitingWords } from './review-words.ts'

export type ListedReview = ReviewRows_ReviewFragment

export const reviewColumns = 3

export const ReviewHead = () => (
  <thead>
    <tr>
      <th scope="col">Review</th>
      <th scope="col">Stands</th>
      <th scope="col" className="max-sm:hidden">
        Due
      </th>
    </tr>
  </thead>
)

const Standing = ({ review }: { readonly review: ListedReview }) => {
  const isSigned = review.signedAt !== null
  const Icon = isSigned ? CircleCheck : CircleDashed
  return (
    <span className="inline-flex items-start gap-1.5">
      <Icon
        aria-hidden="true"
        className={`mt-0.5 size-4 shrink-0 ${toneText[isSigned ? 'well' : 'idle']}`}
        strokeWidth={2.25}
      />
      <span className="text-pretty">{waitingWords(review)}</span>
    </span>
  )
}

type ReviewRowsProps = {
  readonly reviews: readonly ListedReview[]
  readonly hrefOf: (id: string) => string
}

/** Reviews of goals: of what, of which period, and who has still to sign. */
export const ReviewRows = ({ reviews, hrefOf }: ReviewRowsProps) =>
  reviews.map((review) => (
    <tr key={review.id} className="relative hover:bg-sunken has-[a:focus-visible]:bg-sunken">
      <th scope="row" className="w-full max-w-0">
        <Link href={hrefOf(review.id)} className="block font-medium after:absolute after:inset-0 sm:truncate">
          {review.goal.name}
        </Link>
        <span className="figures block text-xs font-normal text-muted">
          {reviewKindWords[review.kind]}, {periodWords(review)}
        </span>
      </th>
      <td className="min-w-32 sm:whitespace-nowrap">
        <Standing review={review} />
        {review.isOverdue && (
          <span className="mt-1 block sm:hidden">
            <Badge tone="act">Overdue</Badge>
          </span>
        )}
      </td>
      <td className="figures whitespace-nowrap text-muted max-sm:hidden">
        {formatDay(review.dueOn, 'medium')} {review.isOverdue && <Badge tone="act">Overdue</Badge>}
      </td>
    </tr>
  ))
