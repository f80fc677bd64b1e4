import { Link } from 'wouter'
import type { ReviewRows_ReviewFragment } from '../documents.generated.ts'
import { Badge } from '../ui/badge.tsx'
import { periodWords, reviewKindWords, waitingWords } from './review-words.ts'

type ReviewLinksProps = {
  readonly reviews: readonly ReviewRows_ReviewFragment[]
  readonly hrefOf: (id: string) => string
}

/** The reviews of one goal, the latest period first. */
export const ReviewLinks = ({ reviews, hrefOf }: ReviewLinksProps) =>
  reviews.length === 0 ? (
    <p className="border-t border-line px-4 py-6 text-center text-pretty text-muted sm:px-5">
      The first one is opened in the night after a month or a quarter ends.
    </p>
  ) : (
    <ul>
      {reviews.map((review) => (
        <li
          key={review.id}
          className="relative border-t border-line px-4 py-3 hover:bg-sunken has-[a:focus-visible]:bg-sunken sm:px-5"
        >
          <Link href={hrefOf(review.id)} className="font-medium after:absolute after:inset-0">
            {reviewKindWords[review.kind]}
          </Link>{' '}
          {review.isOverdue && <Badge tone="act">Overdue</Badge>}
          <span className="figures block text-xs text-muted">{periodWords(review)}</span>
          <span className="block text-xs text-muted">{waitingWords(review)}</span>
        </li>
      ))}
    </ul>
  )
