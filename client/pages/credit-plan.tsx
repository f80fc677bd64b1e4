import { CalendarRange } from 'lucide-react'
import { useState } from 'react'
import { useLocation, useSearchParams } from 'wouter'
import { withParameters } from '../components/audit-filter.ts'
import { isPlanned, MonthsTable, SegmentsTable } from '../components/credit-lines.tsx'
import { monthParameter, parsePlanSearch, type PlanSearch, planSpans } from '../components/plan-search.ts'
import { CreditLinePlanDocument, type CreditLinePlanQuery } from '../documents.generated.ts'
import { dayIn, formatDay } from '../format/day.ts'
import { useAnswer } from '../live/use-answer.ts'
import { Button } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { TextField } from '../ui/field.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useNow } from '../ui/use-now.ts'
import { Answered } from './answered.tsx'
import { CreditPlaces } from './credit-places.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { PlanImport } from './plan-import.tsx'
import { useViewing } from './use-viewer.ts'

type Months = CreditLinePlanQuery['creditLinePlan']
type Change = (changes: Readonly<Record<string, string | null>>) => void

const SpanBar = ({ search, onChange }: { readonly search: PlanSearch; readonly onChange: Change }) => (
  <search aria-label="Months" className="flex flex-1 flex-wrap items-end gap-3">
    <TextField
      type="month"
      label="From"
      value={monthParameter(search.from)}
      onChange={({ target }) => target.value !== '' && onChange({ from: target.value, month: null })}
      className="min-w-0 flex-1 basis-36 sm:max-w-48"
    />
    <ChoiceBar
      legend="How many months"
      choices={planSpans}
      chosen={search.span}
      onChoose={(id) => onChange({ months: id })}
    />
  </search>
)

const NothingPlanned = () => (
  <div className="panel px-4 py-10 text-center sm:px-5">
    <CalendarRange aria-hidden="true" className="mx-auto size-5 text-accent" />
    <h2 className="mt-3 text-base font-semibold">Nothing is planned in these months</h2>
    <p className="mx-auto mt-1 max-w-md text-pretty text-muted">
      Once a plan of sales is imported, it shows here which credit lines it takes, and where they are missing.
    </p>
  </div>
)

type PlanProps = { readonly months: Months; readonly search: PlanSearch; readonly onChange: Change }

const depths = [
  { id: 'segments', label: 'Segments' },
  { id: 'lines', label: 'Product lines' },
] as const

const Plan = ({ months, search, onChange }: PlanProps) => {
  const [path] = useLocation()
  const [parameters] = useSearchParams()
  const planned = months.filter(isPlanned)
  const shown = planned.find(({ month }) => month === search.month) ?? planned[0]
  if (!shown) return <NothingPlanned />
  return (
    <>
      <Panel title="By month">
        <MonthsTable
          months={months}
          shown={shown.month}
          hrefOf={(month) =>
            `${path}?${withParameters(parameters, { month: monthParameter(month) }).toString()}`
          }
        />
      </Panel>
      <Panel
        title={formatDay(shown.month, 'month')}
        note="by channel and region"
        actions={
          <ChoiceBar
            legend="How deep"
            choices={depths}
            chosen={search.hasLines ? 'lines' : 'segments'}
            onChoose={(id) => onChange({ lines: id === 'lines' ? '1' : null })}
          />
        }
      >
        <SegmentsTable month={shown} withLines={search.hasLines} />
        <p className="border-t border-line px-4 py-3 text-xs text-pretty text-muted sm:px-5">
          Needed is what customers owe at a time where all is paid when due: planned revenue x days of terms /
          days of the month. Of that is missing what is neither in use already nor covered by headroom. Limits
          and what is in use are those of today.
        </p>
      </Panel>
    </>
  )
}

const CreditPlan = ({ timeZone }: { readonly timeZone: string }) => {
  const { membership, may } = useViewing()
  const [parameters, setParameters] = useSearchParams()
  const search = parsePlanSearch(parameters, dayIn(timeZone, useNow()))
  const [isImporting, setIsImporting] = useState(false)
  const [recorded, setRecorded] = useState(0)
  const { from, months } = search
  const answer = useAnswer(CreditLinePlanDocument, { from, months }, { pulse: recorded })
  const onChange: Change = (changes) => setParameters(withParameters(parameters, changes), { replace: true })
  return (
    <>
      <ProgressLine isActive={answer.isFetching} />
      <PageHeading
        title="Sales plan"
        place={membership.name}
        note="Which credit lines the plan of sales takes, and where they are missing."
        actions={<CreditPlaces current="plan" />}
      />
      <div className="flex flex-wrap items-end justify-between gap-3">
        <SpanBar search={search} onChange={onChange} />
        {may('credit:write') && !isImporting && (
          <Button onClick={() => setIsImporting(true)}>Import a plan</Button>
        )}
      </div>
      {isImporting && (
        <Panel title="Import a plan">
          <div className="grid grid-cols-[minmax(0,1fr)] gap-4 border-t border-line px-4 py-4 sm:px-5">
            <PlanImport
              onRecorded={() => setRecorded((count) => count + 1)}
              onClose={() => setIsImporting(false)}
            />
          </div>
        </Panel>
      )}
      <Answered of={answer} title="The plan could not be loaded" skeleton={<RowsSkeleton />}>
        {({ creditLinePlan }) => <Plan months={creditLinePlan} search={search} onChange={onChange} />}
      </Answered>
    </>
  )
}

/** The plan of sales beside the credit lines that it takes: by month, channel, region and product line. */
export const CreditPlanPage = () => {
  const { organization } = useViewing()
  return (
    <PageBody>{organization ? <CreditPlan timeZone={organization.timeZone} /> : <RowsSkeleton />}</PageBody>
  )
}
