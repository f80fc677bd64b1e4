import type { CreditUse_ExposureFragment } from '../documents.generated.ts'
import { exposureStateWords } from '../format/credit-words.ts'
import { formatWay, unknown } from '../format/quantity.ts'
import { type Tone, toneFill, toneText } from '../ui/tone.ts'

/** From here on somebody should know. */
const WATCH_PERCENT = 80

/** How tight it is; over the limit only where the server says so. */
export const toneOfUse = ({
  state,
  utilisation,
}: Pick<CreditUse_ExposureFragment, 'state' | 'utilisation'>): Tone => {
  if (state === 'OVER_LIMIT') return 'act'
  if (utilisation === null) return 'idle'
  return Number(utilisation) >= WATCH_PERCENT ? 'watch' : 'well'
}

/** How much of a limit is used, as a bar that ends at the limit, and in words. */
export const CreditUse = ({ exposure }: { readonly exposure: CreditUse_ExposureFragment }) => {
  const { utilisation, state } = exposure
  const tone = toneOfUse(exposure)
  if (utilisation === null)
    return (
      <span className={`text-xs ${state === 'OVER_LIMIT' ? toneText.act : 'text-muted'}`}>
        {state === 'WITHIN_LIMIT' ? unknown : exposureStateWords[state]}
      </span>
    )
  const percent = Number(utilisation)
  return (
    <span className="flex items-center gap-2">
      <svg aria-hidden="true" width="100%" height="8" className="block min-w-8 flex-1">
        <rect width="100%" height="8" rx="2" className="fill-sunken" />
        <rect
          width={`${Math.min(Math.max(percent, 0), 100)}%`}
          height="8"
          rx="2"
          className={toneFill[tone]}
        />
      </svg>
      <span className={`figures w-11 shrink-0 text-right text-xs font-medium ${toneText[tone]}`}>
        {formatWay(percent)}
        <span className="sr-only"> of the limit used</span>
      </span>
    </span>
  )
}
