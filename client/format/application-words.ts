import type {
  CreditApplicationStatus,
  CreditExperience,
  CreditRecommendation,
  CreditReferenceKind,
} from '../documents.generated.ts'
import type { Tone } from '../ui/tone.ts'

type Look = { readonly word: string; readonly tone: Tone }

export const applicationStatusWords = {
  SUBMITTED: { word: 'To decide', tone: 'watch' },
  APPROVED: { word: 'Granted', tone: 'well' },
  APPROVED_IN_PART: { word: 'Granted in part', tone: 'well' },
  DECLINED: { word: 'Declined', tone: 'act' },
  WITHDRAWN: { word: 'Taken back', tone: 'idle' },
} as const satisfies Record<CreditApplicationStatus, Look>

export const recommendationWords = {
  APPROVE: { word: 'Grant it', tone: 'well' },
  REVIEW: { word: 'Look closer', tone: 'watch' },
  DECLINE: { word: 'Decline it', tone: 'act' },
} as const satisfies Record<CreditRecommendation, Look>

export const referenceWords = {
  BANK: 'Bank',
  TRADE: 'Supplier',
} as const satisfies Record<CreditReferenceKind, string>

export const experienceWords = {
  POSITIVE: { word: 'Pays as agreed', tone: 'well' },
  MIXED: { word: 'Mostly does', tone: 'watch' },
  NEGATIVE: { word: 'Does not', tone: 'act' },
} as const satisfies Record<CreditExperience, Look>

/** "30 days", or what it means where there are none. */
export const termsText = (days: number): string =>
  days === 0 ? 'Due at once' : `${days} day${days === 1 ? '' : 's'}`

/** How long a decision took: "the same day", "1 business day". */
export const businessDaysText = (days: number): string =>
  days === 0 ? 'the same day' : `${days} business day${days === 1 ? '' : 's'}`
