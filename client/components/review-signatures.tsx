import { CircleCheck, CircleDashed } from 'lucide-react'
import type { ReviewRows_ReviewFragment } from '../documents.generated.ts'
import { formatSecond } from '../format/moment.ts'
import { toneText } from '../ui/tone.ts'
import { reviewRoleWords } from './review-words.ts'

type ReviewSignaturesProps = {
  readonly signatures: ReviewRows_ReviewFragment['signatures']
  readonly timeZone: string
}

/** Who signed, and who has to. */
export const ReviewSignatures = ({ signatures, timeZone }: ReviewSignaturesProps) => (
  <ul>
    {signatures.map(({ role, person, signedAt }) => {
      const Icon = signedAt === null ? CircleDashed : CircleCheck
      return (
        <li key={role} className="flex items-start gap-3 border-t border-line px-4 py-3 sm:px-5">
          <Icon
            aria-hidden="true"
            className={`mt-0.5 size-4 shrink-0 ${toneText[signedAt === null ? 'idle' : 'well']}`}
            strokeWidth={2.25}
          />
          <span className="min-w-0">
            <span className="block font-medium">{person?.name ?? 'Anybody who may change goals'}</span>
            <span className="figures block text-xs text-muted">
              {person !== null && `${reviewRoleWords[role]} · `}
              {signedAt === null ? 'not signed yet' : `signed ${formatSecond(signedAt, timeZone)}`}
            </span>
          </span>
        </li>
      )
    })}
  </ul>
)
