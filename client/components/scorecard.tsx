import type { Scorecard_ScorecardFragment } from '../documents.generated.ts'
import { recommendationWords, termsText } from '../format/application-words.ts'
import { riskWords } from '../format/credit-words.ts'
import { formatDecimal, formatWay } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'

type Scorecard = Scorecard_ScorecardFragment
type Band = Scorecard['bands'][number]

/** By what applications are judged: points by value, and what each criterion weighs. */
export const ScorecardCriteria = ({ criteria }: Pick<Scorecard, 'criteria'>) => {
  const weights = criteria.reduce((sum, { weight }) => sum + weight, 0)
  return (
    <table className="rows figures">
      <caption className="sr-only">What speaks for who asks for credit</caption>
      <thead>
        <tr>
          <th scope="col">Criterion</th>
          <th scope="col">Points of 100 by value</th>
          <th scope="col" className="text-right! max-sm:hidden">
            Not known
          </th>
          <th scope="col" className="text-right!">
            Weight
          </th>
        </tr>
      </thead>
      <tbody>
        {criteria.map(({ key, name, weight, steps, unknownPoints }) => (
          <tr key={key}>
            <th scope="row" className="w-1/2">
              <span className="font-medium">{name}</span>
              {key === key.toLowerCase() && (
                <span className="block font-mono text-xs wrap-anywhere text-muted">{key}</span>
              )}
            </th>
            <td>
              <ul>
                {steps.map(({ from, points }) => (
                  <li key={from} className="whitespace-nowrap">
                    from {formatDecimal(from)}: <span className="font-medium">{points}</span>
                  </li>
                ))}
              </ul>
            </td>
            <td className="text-right! text-muted max-sm:hidden">{unknownPoints}</td>
            <td className="text-right! whitespace-nowrap">
              {weight}
              <span className="block text-xs text-muted">{formatWay((weight / weights) * 100)}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const limitWords = ({ requestPercent, revenuePercent }: Band): string => {
  if (requestPercent === 0) return 'Nothing'
  const asked = `${formatWay(requestPercent)} of what is asked for`
  return revenuePercent === null
    ? asked
    : `${asked}, at most ${formatWay(revenuePercent)} of a year’s revenue`
}

/** What a score leads to. */
export const ScorecardBands = ({ bands }: Pick<Scorecard, 'bands'>) => (
  <table className="rows figures">
    <caption className="sr-only">What a score leads to, the lowest first</caption>
    <thead>
      <tr>
        <th scope="col">Score</th>
        <th scope="col">It advises</th>
        <th scope="col" className="max-sm:hidden">
          Risk class
        </th>
        <th scope="col">Limit</th>
        <th scope="col" className="max-sm:hidden">
          Longest terms
        </th>
      </tr>
    </thead>
    <tbody>
      {bands
        .toSorted((a, b) => a.from - b.from)
        .map((band) => {
          const { word, tone } = recommendationWords[band.recommendation]
          return (
            <tr key={band.from}>
              <th scope="row" className="whitespace-nowrap">
                from {band.from}
              </th>
              <td>
                <Badge tone={tone}>{word}</Badge>
              </td>
              <td className="max-sm:hidden">{riskWords[band.riskClass]}</td>
              <td className="w-1/2">{limitWords(band)}</td>
              <td className="whitespace-nowrap max-sm:hidden">{termsText(band.termsDaysMax)}</td>
            </tr>
          )
        })}
    </tbody>
  </table>
)
