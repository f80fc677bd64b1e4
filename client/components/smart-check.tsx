import { CircleAlert, CircleCheck, CircleX, type LucideIcon } from 'lucide-react'
import { Link } from 'wouter'
import type { SmartCheck_CheckFragment, SmartVerdict } from '../documents.generated.ts'
import { formatCount, formatWay } from '../format/quantity.ts'
import { type Tone, toneText } from '../ui/tone.ts'

type Check = SmartCheck_CheckFragment

const looks = {
  PASS: { Icon: CircleCheck, tone: 'well', words: 'Good' },
  WARN: { Icon: CircleAlert, tone: 'watch', words: 'Think it over' },
  FAIL: { Icon: CircleX, tone: 'act', words: 'Missing or impossible' },
} as const satisfies Record<
  SmartVerdict,
  { readonly Icon: LucideIcon; readonly tone: Tone; readonly words: string }
>

const letters = [
  { id: 'specific', letter: 'S', word: 'Specific' },
  { id: 'measurable', letter: 'M', word: 'Measurable' },
  { id: 'achievable', letter: 'A', word: 'Achievable' },
  { id: 'relevant', letter: 'R', word: 'Relevant' },
  { id: 'timeBound', letter: 'T', word: 'Time-bound' },
] as const satisfies readonly { id: keyof Check; letter: string; word: string }[]

/** What the books say of whether it can be reached. */
const Evidence = ({ achievable: { probability, history } }: Check) => {
  if (probability === null && history === null) return null
  return (
    <p className="figures mt-1 flex flex-wrap gap-x-4 text-xs text-muted">
      {probability !== null && (
        <span>
          <span className="font-semibold text-ink">{formatWay(probability)}</span> likely
        </span>
      )}
      {history !== null && history.windows > 0 && (
        <span>
          reached in{' '}
          <span className="font-semibold text-ink">
            {formatCount(history.reached)} of {formatCount(history.windows)}
          </span>{' '}
          times of {formatCount(history.weeks)} weeks
        </span>
      )}
    </p>
  )
}

type SmartCheckProps = { readonly check: Check; readonly hrefOf: (id: string) => string }

const Conflicts = ({ check, hrefOf }: SmartCheckProps) =>
  check.relevant.conflicts.length > 0 && (
    <ul className="mt-1 grid gap-1 text-xs text-muted">
      {check.relevant.conflicts.map(({ goal, sentence }) => (
        <li key={goal.id} className="text-pretty">
          <Link href={hrefOf(goal.id)} className="font-medium text-accent underline">
            {goal.name}
          </Link>
          : {sentence}
        </li>
      ))}
    </ul>
  )

/** A goal checked letter by letter. Nobody is forced, everybody is told. */
export const SmartCheck = ({ check, hrefOf }: SmartCheckProps) => (
  <div>
    <p className="px-4 pb-3 font-medium text-pretty sm:px-5">{check.sentence}</p>
    <ul>
      {letters.map(({ id, letter, word }) => {
        const { verdict, sentence } = check[id]
        const { Icon, tone, words } = looks[verdict]
        return (
          <li key={id} className="flex gap-3 border-t border-line px-4 py-3 sm:px-5">
            <span
              aria-hidden="true"
              className={`w-5 shrink-0 text-lg leading-5 font-semibold ${toneText[tone]}`}
            >
              {letter}
            </span>
            <div className="min-w-0 flex-1">
              <p className="flex flex-wrap items-center justify-between gap-x-3">
                <span className="font-semibold">{word}</span>
                <span className={`inline-flex items-center gap-1.5 text-xs font-semibold ${toneText[tone]}`}>
                  <Icon aria-hidden="true" className="size-3.5" strokeWidth={2.25} />
                  {words}
                </span>
              </p>
              <p className="mt-0.5 text-pretty text-muted">{sentence}</p>
              {id === 'achievable' && <Evidence {...check} />}
              {id === 'relevant' && <Conflicts check={check} hrefOf={hrefOf} />}
            </div>
          </li>
        )
      })}
    </ul>
  </div>
)
