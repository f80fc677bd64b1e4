/** What a control test looked at: its facts and its items, each as the server found it. */
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { ControlFacts_RunFragment, ControlItems_ItemFragment } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatSecond } from '../format/moment.ts'
import { formatCount, formatMoney } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'

export type ControlItem = ControlItems_ItemFragment
type Run = ControlFacts_RunFragment

const Fact = ({ name, children }: { readonly name: string; readonly children: ReactNode }) => (
  <div className="min-w-0">
    <dt className="text-xs text-muted">{name}</dt>
    <dd className="text-pretty wrap-anywhere">{children}</dd>
  </div>
)

const Figure = ({ name, value, tone = '' }: { name: string; value: string; tone?: string }) => (
  <div className="min-w-0">
    <dt className="text-xs text-muted">{name}</dt>
    <dd className={`figures text-lg font-semibold ${tone}`}>{value}</dd>
  </div>
)

type ControlFactsProps = { readonly run: Run; readonly sampled: number; readonly timeZone: string }

/** What was tested, of how many, and by what the sample was drawn, so that anybody can draw it again. */
export const ControlFacts = ({ run, sampled, timeZone }: ControlFactsProps) => {
  const { test, population, exceptionCount } = run
  return (
    <div className="grid gap-4 border-t border-line px-4 py-4 sm:px-5">
      <dl className="grid grid-cols-3 gap-4">
        <Figure name="Population" value={formatCount(population)} />
        <Figure
          name="Exceptions"
          value={formatCount(exceptionCount)}
          tone={exceptionCount > 0 ? 'text-act' : ''}
        />
        <Figure name="Sample" value={formatCount(sampled)} />
      </dl>
      <dl className="grid gap-x-6 gap-y-3 sm:grid-cols-2">
        <Fact name="What the control is for">{test.objective}</Fact>
        <Fact name="Period">
          {formatDay(run.from, 'medium')} to {formatDay(run.to, 'medium')}
        </Fact>
        <Fact name="What is looked at">{test.population}</Fact>
        <Fact name="What is an exception">{test.exception}</Fact>
        <Fact name="Drawn by the seed">
          <span className="font-mono text-xs">{run.seed}</span>
        </Fact>
        <Fact name="Known at">{formatSecond(run.knownAt, timeZone)}</Fact>
        <div className="min-w-0 sm:col-span-2">
          <dt className="text-xs text-muted">Digest of the population</dt>
          <dd className="font-mono text-xs wrap-anywhere">{run.populationDigest}</dd>
        </div>
      </dl>
    </div>
  )
}

type ControlItemLineProps = {
  readonly item: ControlItem
  readonly customerHref: (id: string) => string
  /** What came of testing it, or the fields for that. */
  readonly children?: ReactNode
}

/** One item: what it is, whose doing, why, and what makes it an exception. */
export const ControlItemLine = ({ item, customerHref, children }: ControlItemLineProps) => {
  const { on, what, customer, amount, by, reason, finding } = item
  return (
    <li className="grid gap-x-6 gap-y-2.5 border-t border-line px-4 py-3 sm:px-5 md:grid-cols-[minmax(0,1fr)_minmax(0,22rem)]">
      <div className="min-w-0">
        <p className="font-medium text-pretty wrap-anywhere">
          {what} {finding !== null && <Badge tone="act">Exception</Badge>}
        </p>
        <p className="figures text-xs text-pretty text-muted">
          {formatDay(on, 'medium')}
          {amount && `, ${formatMoney(amount, 'exact')}`}
          {by !== null && `, ${by}`}
          {customer && (
            <>
              {', '}
              <Link
                href={customerHref(customer.id)}
                className="rounded-sm text-accent underline underline-offset-2"
              >
                {customer.name}
              </Link>
            </>
          )}
        </p>
        {reason !== null && <p className="text-pretty wrap-anywhere">“{reason}”</p>}
        {finding !== null && <p className="text-pretty wrap-anywhere text-act">{finding}</p>}
      </div>
      {children}
    </li>
  )
}
