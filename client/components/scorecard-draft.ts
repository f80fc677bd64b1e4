/** A scorecard as it is typed. */
import type {
  CreditBandInput,
  CreditCriterionInput,
  CreditRecommendation,
  CreditRiskClass,
  Scorecard_ScorecardFragment,
} from '../documents.generated.ts'

export type CriterionDraft = {
  /** Tells rows apart while others come and go. */
  readonly row: number
  readonly key: string
  readonly name: string
  readonly weight: string
  /** "1: 30, 3: 60": points from a value on. */
  readonly steps: string
  readonly unknownPoints: string
}

export type BandDraft = {
  readonly row: number
  readonly from: string
  readonly riskClass: CreditRiskClass
  readonly recommendation: CreditRecommendation
  readonly requestPercent: string
  readonly revenuePercent: string
  readonly termsDaysMax: string
}

export type ScorecardDraft = {
  readonly criteria: readonly CriterionDraft[]
  readonly bands: readonly BandDraft[]
  readonly bankReferencesMin: string
  readonly tradeReferencesMin: string
}

/** The criteria that an application tells by itself; every other key is a figure that it brings along. */
export const builtInCriteria = [
  { key: 'YEARS_IN_BUSINESS', label: 'Years in business' },
  { key: 'REQUEST_TO_REVENUE', label: 'Limit in percent of a year’s revenue' },
  { key: 'POSITIVE_TRADE_REFERENCES', label: 'Suppliers that say it pays, in percent' },
  { key: 'POSITIVE_BANK_REFERENCES', label: 'Banks that say it pays, in percent' },
] as const

type Step = { readonly from: string; readonly points: number }

export const stepsText = (steps: readonly Step[]): string =>
  steps.map(({ from, points }) => `${from}: ${points}`).join(', ')

/** The steps of such a text; null where it is none. */
export const stepsIn = (text: string): Step[] | null => {
  const steps = text
    .split(',')
    .map((part) => /^\s*(-?\d+(?:\.\d+)?)\s*:\s*(\d{1,9})\s*$/.exec(part))
    .map((found) => (found ? { from: found[1] ?? '', points: Number(found[2]) } : null))
  return steps.every((step) => step !== null) ? steps : null
}

export const scorecardDraft = ({
  criteria,
  bands,
  bankReferencesMin,
  tradeReferencesMin,
}: Scorecard_ScorecardFragment): ScorecardDraft => ({
  criteria: criteria.map(({ key, name, weight, steps, unknownPoints }, row) => ({
    row,
    key,
    name,
    weight: String(weight),
    steps: stepsText(steps),
    unknownPoints: String(unknownPoints),
  })),
  bands: bands.map((band, row) => ({
    row,
    from: String(band.from),
    riskClass: band.riskClass,
    recommendation: band.recommendation,
    requestPercent: String(band.requestPercent),
    revenuePercent: band.revenuePercent === null ? '' : String(band.revenuePercent),
    termsDaysMax: String(band.termsDaysMax),
  })),
  bankReferencesMin: String(bankReferencesMin),
  tradeReferencesMin: String(tradeReferencesMin),
})

export type ScorecardRules = {
  readonly criteria: CreditCriterionInput[]
  readonly bands: CreditBandInput[]
  readonly bankReferencesMin: number
  readonly tradeReferencesMin: number
}

/** As the API takes it, or the place among the criteria whose steps cannot be read. */
export const scorecardRules = (draft: ScorecardDraft): ScorecardRules | { readonly unreadable: number } => {
  const criteria: CreditCriterionInput[] = []
  for (const [index, { key, name, weight, steps, unknownPoints }] of draft.criteria.entries()) {
    const read = stepsIn(steps)
    if (read === null) return { unreadable: index }
    const plain = { key: key.trim(), name, weight: Number(weight), unknownPoints: Number(unknownPoints) }
    criteria.push({ ...plain, steps: read })
  }
  return {
    criteria,
    bands: draft.bands.map((band) => ({
      from: Number(band.from),
      riskClass: band.riskClass,
      recommendation: band.recommendation,
      requestPercent: Number(band.requestPercent),
      revenuePercent: band.revenuePercent === '' ? null : Number(band.revenuePercent),
      termsDaysMax: Number(band.termsDaysMax),
    })),
    bankReferencesMin: Number(draft.bankReferencesMin),
    tradeReferencesMin: Number(draft.tradeReferencesMin),
  }
}
