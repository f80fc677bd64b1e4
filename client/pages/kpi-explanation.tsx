import { RefreshCw } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { ChangeList, type Explained, KpiExplanation } from '../components/kpi-explanation.tsx'
import { groupOf } from '../components/kpi-breakdown.tsx'
import { type Dimension, dimensionOf, dimensions } from '../components/question.ts'
import { AsWasNote } from '../components/segment-view.tsx'
import {
  type ExplanationDriver,
  KpiExplanationCustomersDocument,
  type KpiExplanationCustomersQueryVariables,
  KpiExplanationDocument,
  KpiExplanationSegmentsDocument,
  type KpiFacts_DefinitionFragment,
  type KpiFilter,
} from '../documents.generated.ts'
import { addDays, type Day, firstOfMonth, formatDay } from '../format/day.ts'
import { formatSecond } from '../format/moment.ts'
import { dayOf } from '../format/period.ts'
import { useAnswer } from '../live/use-answer.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { controlClass } from '../ui/field.tsx'
import { textOf } from '../ui/form.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { Answered } from './answered.tsx'
import type { Asked } from './figures-page.tsx'
import { Panel } from './page-body.tsx'

/** What is explained; what its steps are made of is asked with the same `knownAt`, so that it adds up. */
type Question = Omit<KpiExplanationCustomersQueryVariables, 'segment' | 'first'>

type DetailsProps = {
  readonly question: Question
  readonly driver: ExplanationDriver
  readonly explained: Explained
}

const customersFirst = 10
const customersMore = 25

const Customers = ({
  question,
  driver,
  explained,
  segment,
}: DetailsProps & { readonly segment: KpiFilter | null }) => {
  const [first, setFirst] = useState(customersFirst)
  const answer = useAnswer(KpiExplanationCustomersDocument, { ...question, segment, first })
  return (
    <Answered
      of={answer}
      title="The customers could not be loaded"
      skeleton={<Skeleton className="m-4 h-16" />}
    >
      {({ explainKpi }) => {
        const part = explainKpi.parts.find((other) => other.driver === driver)
        if (!part || part.customers.length === 0)
          return (
            <p className="px-4 py-3 text-pretty text-muted sm:px-5">
              This goes down to segments, and not to customers.
            </p>
          )
        const rows = part.customers.map(({ customer, change, invoices, otherItems }) => ({
          id: customer.id,
          name: customer.name,
          note: customer.number,
          change: Number(change),
          children: () => (
            <ChangeList
              label={`Invoices of ${customer.name}`}
              explained={explained}
              rows={[
                ...invoices.map(({ invoice, change: ofInvoice }) => ({
                  id: invoice.id,
                  name: invoice.number,
                  note: `of ${formatDay(invoice.issuedOn, 'medium')}, due ${formatDay(invoice.dueOn, 'medium')}`,
                  change: Number(ofInvoice),
                  children: null,
                })),
                {
                  id: 'others',
                  name: 'All else of the customer',
                  change: Number(otherItems),
                  children: null,
                },
              ]}
            />
          ),
        }))
        const others = {
          id: 'others',
          name: 'All other customers',
          change: Number(part.otherCustomers),
          children: null,
        }
        return (
          <div>
            <ChangeList label="Customers" explained={explained} rows={[...rows, others]} />
            {part.customers.length === first && first < customersMore && (
              <div className="border-t border-line px-4 py-2.5 sm:px-5">
                <Button onClick={() => setFirst(customersMore)}>Show more customers</Button>
              </div>
            )}
          </div>
        )
      }}
    </Answered>
  )
}

const Segments = (props: DetailsProps & { readonly dimension: Dimension }) => {
  const { question, driver, explained, dimension } = props
  const answer = useAnswer(KpiExplanationSegmentsDocument, { ...question, dimension: dimension.dimension })
  return (
    <Answered
      of={answer}
      title="The segments could not be loaded"
      skeleton={<Skeleton className="m-4 h-16" />}
    >
      {({ explainKpi }) => {
        const segments = explainKpi.parts.find((part) => part.driver === driver)?.segments ?? []
        const rows = segments
          .map((segment) => ({ group: groupOf(segment, dimension), change: Number(segment.change) }))
          .filter(({ group, change }) => group !== null || change !== 0)
          .toSorted((a, b) => Math.abs(b.change) - Math.abs(a.change))
          .map(({ group, change }) => ({
            id: group?.value ?? '',
            name: group?.name ?? 'None',
            change,
            children:
              group === null
                ? null
                : () => <Customers {...props} segment={{ [dimension.field]: [group.value] }} />,
          }))
        if (rows.length === 0) return <p className="px-4 py-3 text-muted sm:px-5">Nothing of it changed.</p>
        return <ChangeList label={dimension.label} explained={explained} rows={rows} />
      }}
    </Answered>
  )
}

const Details = (props: DetailsProps) => {
  const [by, setBy] = useState('REGION')
  return (
    <>
      <div className="px-4 pb-2.5 sm:px-5">
        <select
          aria-label="Made of"
          value={by}
          onChange={({ target }) => setBy(target.value)}
          className={`${controlClass} select h-8 w-auto! text-xs`}
        >
          {dimensions.map(({ dimension, label }) => (
            <option key={dimension} value={dimension}>
              By {label.toLowerCase()}
            </option>
          ))}
          <option value="CUSTOMERS">By customer</option>
        </select>
      </div>
      {by === 'CUSTOMERS' ? (
        <Customers {...props} segment={null} />
      ) : (
        <Segments key={by} {...props} dimension={dimensionOf(by)} />
      )}
    </>
  )
}

type SinceProps = {
  readonly since: Day
  readonly until: Day
  readonly onChange: (since: string) => void
}

const Since = ({ since, until, onChange }: SinceProps) => {
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    onChange(textOf(new FormData(event.currentTarget), 'since'))
  }
  return (
    <form onSubmit={send} className="contents print:hidden">
      <label className="flex items-center gap-2 text-muted">
        Since the end of
        <input
          type="date"
          name="since"
          required
          defaultValue={since}
          max={addDays(until, -1)}
          className={`${controlClass} figures h-9 w-auto!`}
        />
      </label>
      <Button type="submit">Explain</Button>
    </form>
  )
}

type ExplanationProps = {
  readonly asked: Asked
  readonly definition: KpiFacts_DefinitionFragment
  /** The question of the page, with its filter and its conventions. */
  readonly question: Omit<Question, 'from' | 'to'>
  readonly isWaiting: boolean
}

/** The last end of a month before a day, or another day before it that the address names. */
const sinceOf = ({ search, day }: Asked): Day => {
  const since = dayOf(search.get('since'))
  return since !== null && since < day ? since : addDays(firstOfMonth(day), -1)
}

/**
 * Why a KPI changed between two days. It takes the server longer than a figure does, so it does not follow every event:
 * it says up to when it knows, and can be asked for again.
 */
export const KpiExplanationPanel = ({ asked, definition, question, isWaiting }: ExplanationProps) => {
  const since = sinceOf(asked)
  const answer = useAnswer(
    KpiExplanationDocument,
    { ...question, from: since, to: asked.day },
    { pause: isWaiting },
  )
  return (
    <Panel
      title="Why it changed"
      actions={
        <div className="flex flex-wrap items-center gap-2">
          <Since
            key={since}
            since={since}
            until={asked.day}
            onChange={(day) => asked.change({ since: day })}
          />
          <IconButton label="Explain with what is known now" onClick={answer.refetch}>
            <RefreshCw aria-hidden="true" className="size-4" />
          </IconButton>
        </div>
      }
    >
      <ProgressLine isActive={answer.isFetching} />
      <AsWasNote view={asked.segments} />
      <Answered
        of={answer}
        title="The change could not be explained"
        skeleton={<Skeleton className="m-5 h-64" />}
      >
        {({ explainKpi }) => {
          const { from, to } = explainKpi
          const explained: Explained = { unit: to.unit, currency: to.currency, better: definition.better }
          const known: Question = { ...question, from: from.date, to: to.date, knownAt: to.knownAt }
          return (
            <div>
              <p className="px-4 pb-2.5 text-xs text-muted sm:px-5">
                Knows what was recorded until {formatSecond(to.knownAt, asked.timeZone)}.
              </p>
              <KpiExplanation
                // What was opened belongs to the days that were asked for.
                key={`${from.date} ${to.date}`}
                explanation={explainKpi}
                explained={explained}
              >
                {({ driver }) => <Details question={known} driver={driver} explained={explained} />}
              </KpiExplanation>
            </div>
          )
        }}
      </Answered>
    </Panel>
  )
}
