/** A scorecard: what speaks for a customer who asks for credit, point by point, and what that leads to. Data, scored purely. */
import { Exact } from './money.ts'

/** What the application itself tells; other keys are figures that it brings along. */
export const BUILT_IN_CRITERIA = [
  'YEARS_IN_BUSINESS',
  'REQUEST_TO_REVENUE',
  'POSITIVE_TRADE_REFERENCES',
  'POSITIVE_BANK_REFERENCES',
] as const
export type BuiltInCriterion = (typeof BUILT_IN_CRITERIA)[number]

export const RECOMMENDATIONS = ['APPROVE', 'REVIEW', 'DECLINE'] as const
export type Recommendation = (typeof RECOMMENDATIONS)[number]

export type Criterion = {
  /** A built-in one, or that of a figure, such as `equity_ratio`. */
  readonly key: string
  readonly name: string
  /** 1 to 100: its part of the score is weight / sum of all weights. */
  readonly weight: number
  /** Points from 0 to 100 for values of `from` and more; the highest `from` that is reached counts. Below all: 0. */
  readonly steps: readonly { readonly from: string; readonly points: number }[]
  /** Where nobody knows the value. */
  readonly unknownPoints: number
}

/** What a score of `from` and more leads to; the highest `from` that is reached counts. */
export type Band = {
  readonly from: number
  readonly riskClass: 'LOW' | 'MEDIUM' | 'HIGH'
  readonly recommendation: Recommendation
  /** Of what is asked for, in percent. */
  readonly requestPercent: number
  /** At most so many percent of a year's revenue; null for no such bound. */
  readonly revenuePercent: number | null
  /** No longer terms than these. */
  readonly termsDaysMax: number
}

export type Scorecard = {
  /** 0 for the one that stands in where an organization has set none. */
  readonly version: number
  readonly criteria: readonly Criterion[]
  readonly bands: readonly Band[]
  /** How many references of each kind an application needs. */
  readonly bankReferencesMin: number
  readonly tradeReferencesMin: number
}

/** Ours: common practice of credit departments, to begin with. */
export const DEFAULT_SCORECARD: Scorecard = {
  version: 0,
  criteria: [
    {
      key: 'YEARS_IN_BUSINESS',
      name: 'Years in business',
      weight: 30,
      steps: [
        { from: '1', points: 30 },
        { from: '3', points: 60 },
        { from: '10', points: 100 },
      ],
      unknownPoints: 0,
    },
    {
      key: 'REQUEST_TO_REVENUE',
      name: 'What is asked for, in percent of a year’s revenue',
      weight: 30,
      steps: [
        { from: '0', points: 100 },
        { from: '5', points: 60 },
        { from: '10', points: 30 },
        { from: '20', points: 0 },
      ],
      unknownPoints: 0,
    },
    {
      key: 'POSITIVE_TRADE_REFERENCES',
      name: 'Share of good trade references',
      weight: 25,
      steps: [
        { from: '50', points: 50 },
        { from: '100', points: 100 },
      ],
      unknownPoints: 30,
    },
    {
      key: 'POSITIVE_BANK_REFERENCES',
      name: 'Share of good bank references',
      weight: 15,
      steps: [
        { from: '50', points: 50 },
        { from: '100', points: 100 },
      ],
      unknownPoints: 30,
    },
  ],
  bands: [
    {
      from: 0,
      riskClass: 'HIGH',
      recommendation: 'DECLINE',
      requestPercent: 0,
      revenuePercent: null,
      termsDaysMax: 0,
    },
    {
      from: 40,
      riskClass: 'MEDIUM',
      recommendation: 'REVIEW',
      requestPercent: 50,
      revenuePercent: 5,
      termsDaysMax: 30,
    },
    {
      from: 70,
      riskClass: 'LOW',
      recommendation: 'APPROVE',
      requestPercent: 100,
      revenuePercent: 10,
      termsDaysMax: 60,
    },
  ],
  bankReferencesMin: 1,
  tradeReferencesMin: 2,
}

export type Experience = 'POSITIVE' | 'MIXED' | 'NEGATIVE'

/** What is known of who applies. Amounts are in minor units of one currency. */
export type ApplicationFacts = {
  readonly requested: bigint
  readonly requestedTermsDays: number
  readonly annualRevenue: bigint
  readonly yearsInBusiness: number
  readonly references: readonly { readonly kind: 'BANK' | 'TRADE'; readonly experience: Experience | null }[]
  readonly figures: ReadonlyMap<string, string>
}

/** Why the score is what it is, criterion by criterion. */
export type ScoreLine = {
  readonly key: string
  readonly name: string
  /** A decimal; null where nobody knows it. */
  readonly value: string | null
  readonly points: number
  readonly weight: number
  /** What it adds to the score: points x weight / sum of weights, to two digits. */
  readonly contribution: string
}

export type Score = {
  readonly scorecardVersion: number
  /** 0 to 100, to two digits. */
  readonly score: string
  readonly lines: readonly ScoreLine[]
  readonly riskClass: Band['riskClass']
  readonly recommendation: Recommendation
  /** Minor units of the currency that is asked for. */
  readonly proposedLimit: bigint
  readonly proposedTermsDays: number
}

export function scoreApplication(scorecard: Scorecard, facts: ApplicationFacts): Score {
  const weights = scorecard.criteria.reduce((sum, { weight }) => sum + weight, 0)
  const rated = scorecard.criteria.map((criterion) => {
    const value = valueOf(criterion.key, facts)
    const points = pointsFor(criterion, value)
    return { criterion, value, points, part: new Exact(points * criterion.weight).div(weights) }
  })
  const score = rated.reduce((sum, { part }) => sum.plus(part), new Exact(0))
  const band = bandFor(scorecard.bands, score)
  return {
    scorecardVersion: scorecard.version,
    score: score.toFixed(2),
    lines: rated.map(({ criterion: { key, name, weight }, value, points, part }) => ({
      key,
      name,
      value: value?.toDecimalPlaces(4).toFixed() ?? null,
      points,
      weight,
      contribution: part.toFixed(2),
    })),
    riskClass: band.riskClass,
    recommendation: band.recommendation,
    proposedLimit: limitOf(band, facts),
    proposedTermsDays: Math.min(facts.requestedTermsDays, band.termsDaysMax),
  }
}

function valueOf(key: string, facts: ApplicationFacts): Exact | null {
  switch (key) {
    case 'YEARS_IN_BUSINESS':
      return new Exact(facts.yearsInBusiness)
    case 'REQUEST_TO_REVENUE':
      return facts.annualRevenue === 0n
        ? null
        : new Exact(facts.requested.toString()).times(100).div(facts.annualRevenue.toString())
    case 'POSITIVE_TRADE_REFERENCES':
      return goodShare(facts, 'TRADE')
    case 'POSITIVE_BANK_REFERENCES':
      return goodShare(facts, 'BANK')
    default: {
      const figure = facts.figures.get(key)
      return figure === undefined ? null : new Exact(figure)
    }
  }
}

/** In percent, of those who have answered. */
function goodShare({ references }: ApplicationFacts, kind: 'BANK' | 'TRADE'): Exact | null {
  const answered = references.filter((one) => one.kind === kind && one.experience !== null)
  if (answered.length === 0) return null
  const good = answered.filter(({ experience }) => experience === 'POSITIVE').length
  return new Exact(good).times(100).div(answered.length)
}

function pointsFor({ steps, unknownPoints }: Criterion, value: Exact | null): number {
  if (value === null) return unknownPoints
  const reached = steps.filter(({ from }) => value.gte(from))
  const best = reached.reduce<Criterion['steps'][number] | null>(
    (found, step) => (found === null || new Exact(step.from).gt(found.from) ? step : found),
    null,
  )
  return best?.points ?? 0
}

function bandFor(bands: readonly Band[], score: Exact): Band {
  const reached = bands.filter(({ from }) => score.gte(from)).toSorted((a, b) => b.from - a.from)
  const [band] = reached
  if (band === undefined) throw new Error('A scorecard has a band that begins with 0')
  return band
}

/** Whole minor units, rounded down. */
function limitOf({ requestPercent, revenuePercent }: Band, facts: ApplicationFacts): bigint {
  const ofRequest = (facts.requested * BigInt(requestPercent)) / 100n
  if (revenuePercent === null) return ofRequest
  const ofRevenue = (facts.annualRevenue * BigInt(revenuePercent)) / 100n
  return ofRevenue < ofRequest ? ofRevenue : ofRequest
}

const DECIMAL = /^-?\d{1,12}(\.\d{1,6})?$/

export const isFigure = (text: string): boolean => DECIMAL.test(text)

const KEY = /^[a-z][a-z0-9_]{0,39}$/

export const isCriterionKey = (key: string): boolean =>
  KEY.test(key) || BUILT_IN_CRITERIA.some((builtIn) => builtIn === key)

export type ScorecardFault = { readonly path: readonly string[]; readonly message: string }

const between = (value: number, low: number, high: number): boolean =>
  Number.isInteger(value) && value >= low && value <= high

/** The first thing that makes it no scorecard; null where it is one. */
export function faultOfScorecard(card: Omit<Scorecard, 'version'>): ScorecardFault | null {
  const { criteria, bands } = card
  if (criteria.length < 1 || criteria.length > 50)
    return { path: ['criteria'], message: `1 to 50 criteria make a scorecard, not ${criteria.length}` }
  for (const [index, criterion] of criteria.entries()) {
    const fault = faultOfCriterion(criterion)
    if (fault !== null) return { ...fault, path: ['criteria', String(index), ...fault.path] }
    if (criteria.findIndex(({ key }) => key === criterion.key) < index)
      return {
        path: ['criteria', String(index), 'key'],
        message: `${criterion.key} is among the criteria already`,
      }
  }
  if (bands.length < 1 || bands.length > 20)
    return { path: ['bands'], message: `1 to 20 bands make a scorecard, not ${bands.length}` }
  for (const [index, band] of bands.entries()) {
    const fault = faultOfBand(band)
    if (fault !== null) return { ...fault, path: ['bands', String(index), ...fault.path] }
    if (bands.findIndex(({ from }) => from === band.from) < index)
      return { path: ['bands', String(index), 'from'], message: `Another band begins with ${band.from}` }
  }
  if (!bands.some(({ from }) => from === 0))
    return { path: ['bands'], message: 'One band has to begin with 0, so that every score is in one' }
  for (const field of ['bankReferencesMin', 'tradeReferencesMin'] as const)
    if (!between(card[field], 0, 10))
      return { path: [field], message: `${card[field]} is no number from 0 to 10` }
  return null
}

function faultOfCriterion({ key, weight, steps, unknownPoints }: Criterion): ScorecardFault | null {
  if (!isCriterionKey(key))
    return {
      path: ['key'],
      message: `"${key}" is neither ${BUILT_IN_CRITERIA.join(', ')} nor a key of small letters such as equity_ratio`,
    }
  if (!between(weight, 1, 100)) return { path: ['weight'], message: `${weight} is no weight from 1 to 100` }
  if (!between(unknownPoints, 0, 100))
    return { path: ['unknownPoints'], message: `${unknownPoints} are no points from 0 to 100` }
  if (steps.length < 1 || steps.length > 20)
    return { path: ['steps'], message: `A criterion has 1 to 20 steps, not ${steps.length}` }
  for (const [index, step] of steps.entries()) {
    const path = ['steps', String(index)]
    if (!isFigure(step.from))
      return {
        path: [...path, 'from'],
        message: `${step.from} is no decimal with at most 12 digits before and 6 after its point`,
      }
    if (!between(step.points, 0, 100))
      return { path: [...path, 'points'], message: `${step.points} are no points from 0 to 100` }
    if (steps.findIndex(({ from }) => new Exact(from).eq(step.from)) < index)
      return { path: [...path, 'from'], message: `Another step begins with ${step.from}` }
  }
  return null
}

function faultOfBand({ from, requestPercent, revenuePercent, termsDaysMax }: Band): ScorecardFault | null {
  if (!between(from, 0, 100)) return { path: ['from'], message: `${from} is no score from 0 to 100` }
  if (!between(requestPercent, 0, 100))
    return { path: ['requestPercent'], message: `${requestPercent} is no percentage from 0 to 100` }
  if (revenuePercent !== null && !between(revenuePercent, 0, 100))
    return { path: ['revenuePercent'], message: `${revenuePercent} is no percentage from 0 to 100` }
  return between(termsDaysMax, 0, 365)
    ? null
    : { path: ['termsDaysMax'], message: `${termsDaysMax} does not lie between 0 and 365 days` }
}

/** Days from Monday to Friday after the first and up to the last; 0 where both are one day. Holidays are not known. */
export function businessDaysBetween(first: number, last: number): number {
  let days = 0
  // 1 January 1970 was a Thursday.
  for (let day = first + 1; day <= last; day++) if ((day + 3) % 7 < 5) days += 1
  return days
}
