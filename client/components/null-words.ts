import type { KpiStrip_RowFragment } from '../documents.generated.ts'
import { unknown } from '../format/quantity.ts'
import { nullReasonWords } from '../format/words.ts'

type Unknown = Pick<KpiStrip_RowFragment, 'reason' | 'message'>

/** Why there is no value, in a few words; of a missing rate which, and of which day. */
export const nullWords = ({ reason, message }: Unknown): string => {
  if (reason === null) return unknown
  return reason === 'MISSING_RATE' ? (message ?? nullReasonWords[reason]) : nullReasonWords[reason]
}

/** The same as a sentence. */
export const nullSentence = ({ reason, message }: Unknown): string =>
  message ?? (reason === null ? unknown : `${nullReasonWords[reason]}.`)
