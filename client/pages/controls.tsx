import { ArrowLeft, FileCheck2 } from 'lucide-react'
import { useState } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import { withParameters } from '../components/audit-filter.ts'
import { paperColumns, PaperHead, PaperRows } from '../components/control-papers.tsx'
import { type ControlSearch, controlPeriods, parseControlSearch } from '../components/control-search.ts'
import {
  ControlCountDocument,
  ControlPapersDocument,
  ControlPapersMoreDocument,
  type ControlTestId,
  ControlTestsDocument,
  type ControlTestsQuery,
} from '../documents.generated.ts'
import { dayIn, formatDay } from '../format/day.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { TextField } from '../ui/field.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton, Skeleton } from '../ui/skeleton.tsx'
import { useNow } from '../ui/use-now.ts'
import { auditPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { AuditPlaces } from './audit-places.tsx'
import { ControlRun } from './control-run.tsx'
import { errorWords } from './error-words.ts'
import { MoreRows } from './more-rows.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useViewing } from './use-viewer.ts'

type Tests = ControlTestsQuery['controlTests']
type Change = (changes: Readonly<Record<string, string | null>>) => void

/** Which days are tested: a period up to today, or from day to day. */
const PeriodBar = ({ search, onChange }: { readonly search: ControlSearch; readonly onChange: Change }) => {
  const { period, from, to } = search
  const choices = [...controlPeriods, { id: 'days', label: 'From day to day' }] as const
  return (
    <search aria-label="Period" className="flex flex-wrap items-end gap-3">
      <ChoiceBar
        legend="Which period"
        choices={choices}
        chosen={period}
        onChoose={(id) =>
          onChange(id === 'days' ? { period: null, from, to } : { period: id, from: null, to: null })
        }
      />
      {period === 'days' && (
        <>
          <TextField
            type="date"
            label="From"
            value={from}
            onChange={({ target }) => target.value !== '' && onChange({ from: target.value })}
            className="min-w-0 flex-1 basis-32 sm:max-w-44"
          />
          <TextField
            type="date"
            label="To"
            value={to}
            onChange={({ target }) => target.value !== '' && onChange({ to: target.value })}
            className="min-w-0 flex-1 basis-32 sm:max-w-44"
          />
        </>
      )}
    </search>
  )
}

type CountProps = { readonly id: ControlTestId; readonly search: ControlSearch }

/** What a test finds now: each is a question of its own, for one that takes long holds up no other. */
const Count = ({ id, search: { from, to } }: CountProps) => {
  const { data, error, refetch } = useKeptQuery(ControlCountDocument, { id, from, to })
  if (error)
    return (
      <span className="grid justify-items-end gap-1 text-xs text-pretty text-act">
        {errorWords(error)}
        <Button className="relative h-7 px-2 text-xs" onClick={refetch}>
          Try again
        </Button>
      </span>
    )
  if (!data) return <Skeleton className="ml-auto h-4 w-24" />
  const { population, exceptionCount } = data.controlTest
  return (
    <>
      <Badge tone={exceptionCount > 0 ? 'act' : population === 0 ? 'idle' : 'well'}>
        {population === 0
          ? 'Nothing to test'
          : exceptionCount === 0
            ? 'No exceptions'
            : `${formatCount(exceptionCount)} exception${exceptionCount > 1 ? 's' : ''}`}
      </Badge>
      <span className="figures block text-xs text-muted">of {formatCount(population)}</span>
    </>
  )
}

type TestsTableProps = {
  readonly tests: Tests
  readonly search: ControlSearch
  readonly hrefOf: (id: ControlTestId) => string
}

const TestsTable = ({ tests, search, hrefOf }: TestsTableProps) => (
  <table className="rows">
    <caption className="sr-only">Control tests, and what they find now</caption>
    <thead>
      <tr>
        <th scope="col">Test</th>
        <th scope="col" className="text-right!">
          Finds
        </th>
      </tr>
    </thead>
    <tbody>
      {tests.map(({ id, name, objective }) => (
        <tr key={id} className="relative hover:bg-sunken has-[a:focus-visible]:bg-sunken">
          <th scope="row" className="w-full">
            <Link href={hrefOf(id)} className="block font-medium after:absolute after:inset-0">
              {name}
            </Link>
            <span className="block text-xs font-normal text-pretty text-muted">{objective}</span>
          </th>
          <td className="min-w-28 text-right! sm:whitespace-nowrap">
            <Count key={`${search.from} ${search.to}`} id={id} search={search} />
          </td>
        </tr>
      ))}
    </tbody>
  </table>
)

const paperChoices = [
  { id: 'open', label: 'Open' },
  { id: 'signed', label: 'Signed' },
  { id: 'all', label: 'All' },
] as const
type PaperChoice = (typeof paperChoices)[number]['id']
const isSignedOf = { open: false, signed: true, all: null } as const satisfies Record<
  PaperChoice,
  boolean | null
>

const Papers = ({ test }: { readonly test: ControlTestId | null }) => {
  const { membership, organization } = useViewing()
  const [choice, setChoice] = useState<PaperChoice>('all')
  const filter = { test, isSigned: isSignedOf[choice] }
  const answer = useAnswer(ControlPapersDocument, filter)
  const hrefOf = (id: string) => auditPath(membership.slug, id)
  const timeZone = organization?.timeZone ?? 'UTC'
  return (
    <Panel
      title="Working papers"
      actions={
        <ChoiceBar
          legend="Which working papers"
          choices={paperChoices}
          chosen={choice}
          onChoose={setChoice}
        />
      }
    >
      <Answered
        of={answer}
        title="The working papers could not be loaded"
        skeleton={<Skeleton className="m-5 h-4 w-40" />}
      >
        {({ controlPapers: { nodes, pageInfo } }) =>
          nodes.length === 0 ? (
            <div className="border-t border-line px-4 py-8 text-center sm:px-5">
              <FileCheck2 aria-hidden="true" className="mx-auto size-5 text-accent" />
              <p className="mx-auto mt-2 max-w-md text-pretty text-muted">
                There is none. A test is kept as a working paper once somebody opens one of it: it stays as it
                came out.
              </p>
            </div>
          ) : (
            <table className="rows">
              <caption className="sr-only">Working papers, the latest first</caption>
              <PaperHead />
              <tbody>
                <PaperRows papers={nodes} timeZone={timeZone} hrefOf={hrefOf} />
              </tbody>
              <MoreRows
                key={JSON.stringify(filter)}
                query={ControlPapersMoreDocument}
                rest={filter}
                pageInfo={pageInfo}
                columns={paperColumns}
                pick={({ controlPapers }) => controlPapers}
              >
                {(papers) => <PaperRows papers={papers} timeZone={timeZone} hrefOf={hrefOf} />}
              </MoreRows>
            </table>
          )
        }
      </Answered>
    </Panel>
  )
}

type ShownProps = { readonly tests: Tests; readonly search: ControlSearch; readonly onChange: Change }

const AllTests = ({ tests, search, onChange }: ShownProps) => {
  const { membership } = useViewing()
  const [path] = useLocation()
  const [parameters] = useSearchParams()
  const hrefOf = (id: ControlTestId) => `${path}?${withParameters(parameters, { test: id }).toString()}`
  return (
    <>
      <PageHeading
        title="Control tests"
        place={membership.name}
        note="What controls let through that they should not have, found in the books anew each time."
        actions={<AuditPlaces current="controls" />}
      />
      <PeriodBar search={search} onChange={onChange} />
      <Panel title="Tests" note={`${formatDay(search.from, 'medium')} to ${formatDay(search.to, 'medium')}`}>
        <TestsTable tests={tests} search={search} hrefOf={hrefOf} />
      </Panel>
      <Papers test={null} />
    </>
  )
}

type OneTestProps = Omit<ShownProps, 'tests'> & { readonly test: Tests[number] }

const OneTest = ({ test, search, onChange }: OneTestProps) => {
  const { membership } = useViewing()
  const [path] = useLocation()
  const [parameters] = useSearchParams()
  const all = withParameters(parameters, { test: null, seed: null, size: null }).toString()
  return (
    <>
      <Link
        href={all === '' ? path : `${path}?${all}`}
        className="-mb-3 inline-flex w-fit items-center gap-1.5 rounded-sm text-xs font-medium text-muted hover:text-ink print:hidden"
      >
        <ArrowLeft aria-hidden="true" className="size-3.5" />
        All control tests
      </Link>
      <PageHeading title={test.name} place={membership.name} />
      <PeriodBar search={search} onChange={onChange} />
      <ControlRun id={test.id} search={search} onChange={onChange} />
      <Papers test={test.id} />
    </>
  )
}

const Controls = ({ timeZone }: { readonly timeZone: string }) => {
  const [parameters, setParameters] = useSearchParams()
  const search = parseControlSearch(parameters, dayIn(timeZone, useNow()))
  const answer = useAnswer(ControlTestsDocument, {})
  const onChange: Change = (changes) => setParameters(withParameters(parameters, changes), { replace: true })
  return (
    <>
      <ProgressLine isActive={answer.isFetching} />
      <Answered of={answer} title="The tests could not be loaded" skeleton={<RowsSkeleton />}>
        {({ controlTests: tests }) => {
          const test = tests.find(({ id }) => id === search.test)
          return test ? (
            <OneTest key={test.id} test={test} search={search} onChange={onChange} />
          ) : (
            <AllTests tests={tests} search={search} onChange={onChange} />
          )
        }}
      </Answered>
    </>
  )
}

/** The tests of controls, what each finds in a period, and the working papers that were kept of them. */
export const ControlsPage = () => {
  const { organization } = useViewing()
  return (
    <PageBody>{organization ? <Controls timeZone={organization.timeZone} /> : <RowsSkeleton />}</PageBody>
  )
}
