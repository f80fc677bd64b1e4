/** What a credit policy grants, when it wants to look at a customer again, and what it does about what is late. */
import { dateOf, dayOf, type Day } from './day.ts'
import type { CreditPolicy, Outcome } from './credit-decision.ts'
import type { CreditLimit } from './credit-limit.ts'

export const RISK_CLASSES = ['LOW', 'MEDIUM', 'HIGH'] as const
export type RiskClass = (typeof RISK_CLASSES)[number]

/** UNRATED: nobody has judged the customer yet. */
export type PolicyClass = RiskClass | 'UNRATED'

export const POLICY_CLASSES = [...RISK_CLASSES, 'UNRATED'] as const satisfies readonly PolicyClass[]

export const classOf = (riskClass: RiskClass | null): PolicyClass => riskClass ?? 'UNRATED'

/** Who hears of what is late. */
export type ToldRole = 'VIEWER' | 'SALES' | 'COLLECTOR' | 'CREDIT_MANAGER' | 'MANAGER' | 'AUDITOR' | 'ADMIN'

const ROLE_WORDS: Readonly<Record<ToldRole, string>> = {
  VIEWER: 'viewers',
  SALES: 'sales',
  COLLECTOR: 'collectors',
  CREDIT_MANAGER: 'credit managers',
  MANAGER: 'managers',
  AUDITOR: 'auditors',
  ADMIN: 'administrators',
}

export const TOLD_ROLES = Object.keys(ROLE_WORDS) as readonly ToldRole[]

/** "sales, credit managers and managers". */
export const rolesInWords = (roles: readonly ToldRole[]): string => {
  const words = roles.map((role) => ROLE_WORDS[role])
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** More than `amount` (base currency, minor units) past due for more than `days` leads to `outcome`. */
export type PastDueStep = {
  readonly days: number
  readonly amount: bigint
  readonly outcome: Outcome
  readonly tell: readonly ToldRole[]
}

/** A grade that an agency gives, and the most that is granted to who has it. */
export type RatingLimit = { readonly source: string; readonly grade: string; readonly amount: bigint }

/** What an agency said of a customer, from its day to `until` (null: until it says something else). */
export type CreditRating = {
  readonly source: string
  readonly grade: string
  readonly ratedOn: Day
  readonly until: Day | null
  /** Of the customer; of two of one day the later one counts. */
  readonly version: number
}

/** The first step is that of the policy's own three fields; the others follow by their days. */
export const pastDueSteps = ({
  pastDueDays,
  pastDueAmount,
  pastDue,
  escalation,
}: CreditPolicy): PastDueStep[] => [
  { days: pastDueDays, amount: pastDueAmount, outcome: pastDue, tell: [] },
  ...escalation,
]

/** The steps of an escalation that somebody is told of, those of the fewest days first. */
export const toldSteps = ({ escalation }: Pick<CreditPolicy, 'escalation'>): readonly PastDueStep[] =>
  escalation.filter(({ tell }) => tell.length > 0).toSorted((a, b) => a.days - b.days)

/** Of each agency what it said last by the day, as far as that still holds. Names are compared without their case. */
export function ratingsOn(ratings: readonly CreditRating[], day: Day): CreditRating[] {
  const latest = new Map<string, CreditRating>()
  for (const rating of ratings) {
    if (rating.ratedOn > day) continue
    const known = latest.get(fold(rating.source))
    if (known === undefined || isLater(rating, known)) latest.set(fold(rating.source), rating)
  }
  return [...latest.values()].filter(({ until }) => until === null || until >= day)
}

const isLater = (a: CreditRating, b: CreditRating): boolean =>
  a.ratedOn === b.ratedOn ? a.version > b.version : a.ratedOn > b.ratedOn

export const fold = (name: string): string => name.trim().toLowerCase()

/**
 * The most that the policy grants to a customer of the class with these ratings, in minor units of the base currency: the
 * least of what it says for any of them. Null where it says nothing.
 */
export function grantedBy(
  { classLimits, ratingLimits }: Pick<CreditPolicy, 'classLimits' | 'ratingLimits'>,
  riskClass: RiskClass | null,
  ratings: readonly Pick<CreditRating, 'source' | 'grade'>[],
): bigint | null {
  const ofRatings = ratingLimits.filter((limit) =>
    ratings.some(
      ({ source, grade }) => fold(source) === fold(limit.source) && fold(grade) === fold(limit.grade),
    ),
  )
  const ofClass = classLimits[classOf(riskClass)]
  const all = [...(ofClass === undefined ? [] : [ofClass]), ...ofRatings.map(({ amount }) => amount)]
  return all.reduce<bigint | null>((least, one) => (least === null || one < least ? one : least), null)
}

/** When a customer of the class that was looked at on `day` has to be looked at again; null where the policy does not say. */
export function nextReviewOn(
  { reviewMonths }: Pick<CreditPolicy, 'reviewMonths'>,
  riskClass: RiskClass | null,
  day: Day,
): Day | null {
  const months = reviewMonths[classOf(riskClass)]
  return months === undefined ? null : dayOf(dateOf(day).add({ months }))
}

/** When a customer whose limit is decided is reviewed for the first time; null where a day is set, and for taking a limit back. */
export const firstReviewOf = (
  policy: Pick<CreditPolicy, 'reviewMonths'>,
  {
    riskClass,
    nextCreditReviewOn,
  }: { readonly riskClass: RiskClass | null; readonly nextCreditReviewOn: unknown },
  { state }: Pick<CreditLimit, 'state'>,
  today: Day,
): Day | null =>
  nextCreditReviewOn !== null || state === 'NOT_SET' ? null : nextReviewOn(policy, riskClass, today)

/** Of several versions, the one that holds on the day: it began last, and of those of one day it was set last. */
export const policyOn = <Dated extends Pick<CreditPolicy, 'effectiveOn' | 'version'>>(
  versions: readonly Dated[],
  day: Day,
): Dated | null =>
  versions.reduce<Dated | null>((found, one) => {
    if (one.effectiveOn === null || one.effectiveOn > day) return found
    if (found?.effectiveOn == null || one.effectiveOn > found.effectiveOn) return one
    return one.effectiveOn === found.effectiveOn && one.version > found.version ? one : found
  }, null)
