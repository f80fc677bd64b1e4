import { Link } from 'wouter'
import type { ApplicationRow_ApplicationFragment } from '../documents.generated.ts'
import {
  applicationStatusWords,
  businessDaysText,
  recommendationWords,
  termsText,
} from '../format/application-words.ts'
import { formatDayOf, formatSince } from '../format/moment.ts'
import { formatDecimal, formatMoney } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'

type Application = ApplicationRow_ApplicationFragment

export const ApplicationHead = () => (
  <thead>
    <tr>
      <th scope="col">Who</th>
      <th scope="col" className="text-right!">
        Asks for
      </th>
      <th scope="col" className="text-right! max-lg:hidden">
        Score
      </th>
      <th scope="col" className="text-right! max-md:hidden">
        Granted
      </th>
      <th scope="col" className="max-sm:hidden">
        Came
      </th>
    </tr>
  </thead>
)

/** How many columns its rows have. */
export const applicationColumns = 5

type ApplicationRowsProps = {
  readonly applications: readonly Application[]
  readonly now: number
  readonly timeZone: string
  readonly hrefOf: (id: string) => string
}

/** Applications for credit, one a row. */
export const ApplicationRows = ({ applications, now, timeZone, hrefOf }: ApplicationRowsProps) =>
  applications.map((application) => {
    const { id, legalName, customer, requestedLimit, requestedTermsDays, status, submittedAt, score } =
      application
    const { decision } = application
    const { word, tone } = applicationStatusWords[status]
    const recommendation = recommendationWords[score.recommendation]
    return (
      <tr key={id}>
        <th scope="row" className="w-full max-w-0">
          <Link href={hrefOf(id)} className="block truncate font-medium hover:underline">
            {legalName}
          </Link>
          <span className="flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-muted">
            <Badge tone={tone}>{word}</Badge>
            {customer === null ? 'No customer yet' : customer.number}
          </span>
        </th>
        <td className="text-right! whitespace-nowrap">
          <span className="font-medium">{formatMoney(requestedLimit, 'whole')}</span>
          <span className="block text-xs text-muted">{termsText(requestedTermsDays)}</span>
        </td>
        <td className="text-right! whitespace-nowrap max-lg:hidden">
          {formatDecimal(score.score, undefined, 1)}
          <span className="block text-xs text-muted">{recommendation.word}</span>
        </td>
        <td className="text-right! whitespace-nowrap max-md:hidden">
          {decision?.limit ? (
            <>
              {formatMoney(decision.limit, 'whole')}
              <span className="block text-xs text-muted">{termsText(decision.termsDays ?? 0)}</span>
            </>
          ) : (
            <span className="text-muted">{decision === null ? 'Not decided' : 'Nothing'}</span>
          )}
        </td>
        <td className="whitespace-nowrap max-sm:hidden">
          <time dateTime={submittedAt}>{formatDayOf(submittedAt, timeZone)}</time>
          <span className="block text-xs text-muted">
            {decision === null
              ? status === 'SUBMITTED'
                ? formatSince(submittedAt, now)
                : ''
              : `decided ${decision.businessDays === 0 ? 'the same day' : `after ${businessDaysText(decision.businessDays)}`}`}
          </span>
        </td>
      </tr>
    )
  })
