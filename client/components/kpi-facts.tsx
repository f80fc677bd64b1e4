import type {
  KpiFacts_DefinitionFragment,
  KpiFacts_RowFragment,
  KpiStrip_RowFragment,
} from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatSecond } from '../format/moment.ts'
import { formatChange, formatDecimal, formatMoney, formatQuantity, unknown } from '../format/quantity.ts'
import { ChangeText } from '../ui/change.tsx'
import { BetterWords, isMoreBetter } from './better-words.tsx'
import { choiceWords } from './conventions.ts'
import { FigureText } from './kpi-card.tsx'
import { nullSentence } from './null-words.ts'

type KpiFactsProps = {
  readonly definition: KpiFacts_DefinitionFragment
  readonly now: KpiFacts_RowFragment
  /** A month before. */
  readonly before: KpiStrip_RowFragment | null
  readonly timeZone: string
}

const Fact = ({ term, children }: { readonly term: string; readonly children: React.ReactNode }) => (
  <div className="min-w-0">
    <dt className="text-2xs text-faint">{term}</dt>
    <dd className="text-pretty wrap-anywhere">{children}</dd>
  </div>
)

/** The value with all of its digits. */
const exactWords = ({ unit, currency, valueExact }: KpiFacts_RowFragment): string => {
  if (valueExact === null) return unknown
  return unit === 'MONEY' ? formatMoney({ amount: valueExact, currency }, 'exact') : formatDecimal(valueExact)
}

const Change = ({ definition, now, before }: Omit<KpiFactsProps, 'timeZone'>) => {
  if (now.value === null || !before || before.value === null) return null
  return (
    <>
      <ChangeText
        change={formatChange(now.value - before.value, now, 'whole')}
        isMoreBetter={isMoreBetter[definition.better]}
      />{' '}
      <span className="text-faint">
        since {formatDay(before.date, 'medium')} ({formatQuantity(before.value, before, 'whole')})
      </span>
    </>
  )
}

/** What a KPI is on a day, out of what, and what it means. */
export const KpiFacts = ({ definition, now, before, timeZone }: KpiFactsProps) => {
  const { numerator, denominator } = now
  return (
    <section
      aria-label="Value and definition"
      className="panel grid lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]"
    >
      <div className="px-4 py-4 sm:px-5">
        <p className="text-xs text-muted">
          As of <time dateTime={now.asOf}>{formatDay(now.date, 'medium')}</time>
        </p>
        <p className="figures mt-1">
          <FigureText row={now} className="text-display" />
        </p>
        <p className="figures mt-1 min-h-5 text-xs">
          {now.value === null ? (
            <span className="text-muted">{nullSentence(now)}</span>
          ) : (
            <Change definition={definition} now={now} before={before} />
          )}
        </p>
        <p className="mt-1 text-xs">
          <BetterWords better={definition.better} />
        </p>
        <dl className="figures mt-4 grid gap-3 border-t border-line pt-3 text-xs sm:grid-cols-2">
          {numerator !== null && <Fact term="Numerator">{formatDecimal(numerator)}</Fact>}
          {denominator !== null && <Fact term="Denominator">{formatDecimal(denominator)}</Fact>}
          {now.valueExact !== null && <Fact term="In full">{exactWords(now)}</Fact>}
          <Fact term="Knows what was recorded until">
            <time dateTime={now.knownAt}>{formatSecond(now.knownAt, timeZone)}</time>
          </Fact>
        </dl>
      </div>
      <dl className="grid content-start gap-3 border-line px-4 py-4 max-lg:border-t sm:px-5 lg:border-l">
        <Fact term="What it says">{definition.description}</Fact>
        <Fact term="Formula">{definition.formula}</Fact>
        <Fact term="Source">{definition.source}</Fact>
        <Fact term="Conventions">
          {definition.choices.length === 0 ? (
            'None: there is one way to count it.'
          ) : (
            <ul className="grid gap-1">
              {definition.choices.map(({ name, description, default: usual }) => (
                <li key={name}>
                  <span className="font-medium">{choiceWords(name, now.conventions) ?? usual}.</span>{' '}
                  <span className="text-muted">{description}</span>
                </li>
              ))}
            </ul>
          )}
        </Fact>
        <Fact term="Computed from">
          <ul className="grid gap-0.5 text-muted">
            {definition.inputs.map(({ name, description }) => (
              <li key={name}>{description}</li>
            ))}
          </ul>
        </Fact>
      </dl>
    </section>
  )
}
