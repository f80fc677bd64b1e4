/** What an application for credit tells, what the scorecard says of it, and what was decided. */

import { Link } from 'wouter'
import type {
  ApplicationDetail_ApplicationFragment,
  ApplicationScore_ScoreFragment,
} from '../documents.generated.ts'
import {
  businessDaysText,
  experienceWords,
  recommendationWords,
  referenceWords,
  termsText,
} from '../format/application-words.ts'
import { riskWords } from '../format/credit-words.ts'
import { formatDay } from '../format/day.ts'
import { formatMoment } from '../format/moment.ts'
import { formatDecimal, formatMoney, unknown } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'
import { Fact, Small } from '../ui/fact.tsx'

type Application = ApplicationDetail_ApplicationFragment
type Score = ApplicationScore_ScoreFragment

type FactsProps = {
  readonly application: Application
  readonly timeZone: string
  /** The names of figures that the scorecard asks for, by their keys. */
  readonly names: ReadonlyMap<string, string>
  readonly customerHref: (id: string) => string
}

/** Who asks, and for what. */
export const ApplicationFacts = ({ application, timeZone, names, customerHref }: FactsProps) => {
  const { customer, registrationNumber, address, contactName, contactEmail, foundedOn } = application
  const { annualRevenue, requestedLimit, requestedTermsDays, figures, submittedAt, submittedBy } = application
  return (
    <dl className="figures grid gap-2.5 px-4 pb-4 text-sm sm:px-5">
      <Fact term="Asks for">
        <span className="font-medium">{formatMoney(requestedLimit, 'exact')}</span>,{' '}
        {termsText(requestedTermsDays).toLowerCase()}
      </Fact>
      <Fact term="Customer">
        {customer === null ? (
          'None yet'
        ) : (
          <Link
            href={customerHref(customer.id)}
            className="rounded-sm font-medium text-accent underline-offset-4 hover:underline"
          >
            {customer.name}
          </Link>
        )}
        {customer !== null && <Small>{customer.number}</Small>}
      </Fact>
      <Fact term="Registered as">
        {application.legalName}
        <Small>{registrationNumber}</Small>
      </Fact>
      <Fact term="Address">{address}</Fact>
      <Fact term="Contact">
        {contactName}
        <Small>
          <a href={`mailto:${contactEmail}`} className="wrap-anywhere underline underline-offset-2">
            {/* A narrow screen breaks it there, and not within its last word. */}
            {contactEmail.split('@')[0]}
            <wbr />@{contactEmail.split('@')[1]}
          </a>
        </Small>
      </Fact>
      <Fact term="Founded">{formatDay(foundedOn, 'medium')}</Fact>
      <Fact term="Sells in a year">{formatMoney(annualRevenue, 'exact')}</Fact>
      {figures.map(({ key, value }) => (
        <Fact key={key} term={names.get(key) ?? key}>
          {formatDecimal(value)}
        </Fact>
      ))}
      <Fact term="Came">
        <time dateTime={submittedAt}>{formatMoment(submittedAt, timeZone)}</time>
        <Small>entered by {submittedBy}</Small>
      </Fact>
    </dl>
  )
}

/** Who can tell of them, and what they say. */
export const ApplicationReferences = ({ references }: Pick<Application, 'references'>) =>
  references.length === 0 ? (
    <p className="px-4 pb-4 text-muted sm:px-5">Nobody is named.</p>
  ) : (
    <ul>
      {references.map(({ kind, name, contact, experience }, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- two may be named alike, and the list never changes
        <li key={index} className="border-t border-line px-4 py-2.5 first:border-t-0 sm:px-5">
          <p className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
            <span className="min-w-0 font-medium wrap-anywhere">{name}</span>
            {experience === null ? (
              <Badge>Has not answered</Badge>
            ) : (
              <Badge tone={experienceWords[experience].tone}>{experienceWords[experience].word}</Badge>
            )}
          </p>
          <p className="text-xs wrap-anywhere text-muted">
            {referenceWords[kind]}, {contact}
          </p>
        </li>
      ))}
    </ul>
  )

/** What a band leads to. */
export const ScoreAdvice = ({ score }: { readonly score: Score }) => {
  const { word, tone } = recommendationWords[score.recommendation]
  return (
    <dl className="figures grid gap-2.5 border-t border-line px-4 py-4 text-sm sm:px-5">
      <Fact term="It advises">
        <Badge tone={tone}>{word}</Badge>
        <Small>a person decides</Small>
      </Fact>
      <Fact term="Risk class">{riskWords[score.riskClass]}</Fact>
      <Fact term="Limit">{formatMoney(score.proposedLimit, 'exact')}</Fact>
      <Fact term="Terms">{termsText(score.proposedTermsDays)}</Fact>
      <Fact term="Scorecard">
        {score.scorecardVersion === 0
          ? 'The one that is there from the start'
          : `Version ${score.scorecardVersion}`}
      </Fact>
    </dl>
  )
}

/** How a score came about, criterion by criterion. */
export const ScoreLines = ({ score }: { readonly score: Score }) => (
  <>
    <table className="rows figures">
      <caption className="sr-only">What each criterion contributes to the score</caption>
      <thead>
        <tr>
          <th scope="col">Criterion</th>
          <th scope="col" className="text-right!">
            Value
          </th>
          <th scope="col" className="text-right! max-sm:hidden">
            Points of 100
          </th>
          <th scope="col" className="text-right! max-sm:hidden">
            Weight
          </th>
          <th scope="col" className="text-right!">
            Adds
          </th>
        </tr>
      </thead>
      <tbody>
        {score.lines.map(({ key, name, value, points, weight, contribution }) => (
          <tr key={key}>
            <th scope="row" className="w-full">
              {name}
            </th>
            <td className="text-right! whitespace-nowrap text-muted">
              {value === null ? (
                <span title="Nobody knows it">{unknown}</span>
              ) : (
                formatDecimal(value, undefined, 2)
              )}
            </td>
            <td className="text-right! text-muted max-sm:hidden">{points}</td>
            <td className="text-right! text-muted max-sm:hidden">{weight}</td>
            <td className="text-right! font-medium">{formatDecimal(contribution, undefined, 2)}</td>
          </tr>
        ))}
      </tbody>
    </table>
    <p className="figures flex justify-between gap-4 border-t border-line-strong px-4 py-2.5 text-sm font-semibold sm:px-5">
      Score <span>{formatDecimal(score.score, undefined, 2)} of 100</span>
    </p>
  </>
)

type DecisionProps = {
  readonly decision: NonNullable<Application['decision']>
  readonly timeZone: string
}

/** What was decided, by whom and why. */
export const ApplicationDecision = ({ decision, timeZone }: DecisionProps) => {
  const { limit, termsDays, reasons, decidedBy, decidedAt, businessDays, hours } = decision
  return (
    <dl className="figures grid gap-2.5 px-4 pb-4 text-sm sm:px-5">
      <Fact term="Granted">
        {limit === null ? (
          'Nothing'
        ) : (
          <>
            <span className="font-medium">{formatMoney(limit, 'exact')}</span>
            {termsDays !== null && `, ${termsText(termsDays).toLowerCase()}`}
          </>
        )}
      </Fact>
      <Fact term="Why">
        <ul>
          {reasons.map((reason) => (
            <li key={reason} className="wrap-anywhere">
              “{reason}”
            </li>
          ))}
        </ul>
      </Fact>
      <Fact term="Decided">
        <time dateTime={decidedAt}>{formatMoment(decidedAt, timeZone)}</time>
        <Small>by {decidedBy}</Small>
      </Fact>
      <Fact term="It took">
        {businessDaysText(businessDays)}
        <Small>{formatDecimal(hours, undefined, 1)} hours</Small>
      </Fact>
    </dl>
  )
}
