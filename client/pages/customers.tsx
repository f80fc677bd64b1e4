import { Users } from 'lucide-react'
import { useSearchParams } from 'wouter'
import { withParameters } from '../components/audit-filter.ts'
import { CustomerFilterBar } from '../components/customer-filter-bar.tsx'
import { customerColumns, CustomerHead, CustomerRows } from '../components/customer-rows.tsx'
import { type CustomerSearch, customersAsked, parseCustomerSearch } from '../components/customer-search.ts'
import { LiveChip } from '../components/live-chip.tsx'
import { CustomersDocument, CustomersMoreDocument, type CustomersQuery } from '../documents.generated.ts'
import { dayIn } from '../format/day.ts'
import { formatCount } from '../format/quantity.ts'
import type { Live } from '../live.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useCustomerPulse } from '../live/use-customer-pulse.ts'
import { useIsPaused } from '../live/use-is-paused.ts'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useNow } from '../ui/use-now.ts'
import { customerPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { MoreRows } from './more-rows.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useViewing } from './use-viewer.ts'

const NoCustomers = ({ isFiltered }: { readonly isFiltered: boolean }) => (
  <div className="panel px-4 py-10 text-center sm:px-5">
    <Users aria-hidden="true" className="mx-auto size-5 text-accent" />
    <h2 className="mt-3 text-base font-semibold">{isFiltered ? 'No customer fits' : 'No customers yet'}</h2>
    <p className="mx-auto mt-1 max-w-md text-pretty text-muted">
      {isFiltered ? 'Take a filter away, or write less of the name.' : 'They come with the first invoices.'}
    </p>
  </div>
)

const countWords = ({ totalCount, totalCountAtLeast }: CustomersQuery['customers']): string =>
  totalCount === null ? `more than ${formatCount(totalCountAtLeast)}` : formatCount(totalCount)

type ListProps = {
  readonly data: CustomersQuery
  readonly asked: ReturnType<typeof customersAsked>
  readonly isFiltered: boolean
  readonly pulse: number
}

const List = ({ data, asked, isFiltered, pulse }: ListProps) => {
  const { membership } = useViewing()
  const { nodes, pageInfo } = data.customers
  if (nodes.length === 0) return <NoCustomers isFiltered={isFiltered} />
  const hrefOf = (id: string) => customerPath(membership.slug, id)
  return (
    <Panel title="Customers" note={countWords(data.customers)}>
      <table className="rows figures">
        <caption className="sr-only">Customers with what they owe and what their credit is used for</caption>
        <CustomerHead />
        <tbody>
          <CustomerRows customers={nodes} hrefOf={hrefOf} />
        </tbody>
        <MoreRows
          key={JSON.stringify(asked)}
          query={CustomersMoreDocument}
          rest={asked}
          pageInfo={pageInfo}
          columns={customerColumns}
          pulse={pulse}
          pick={({ customers }) => customers}
        >
          {(customers) => <CustomerRows customers={customers} hrefOf={hrefOf} />}
        </MoreRows>
      </table>
    </Panel>
  )
}

const isFilteredBy = ({ text, show, risk }: CustomerSearch): boolean =>
  text !== '' || show !== 'all' || risk !== null

/** All customers: what they owe, what of their credit is used, how they pay. */
export const CustomersPage = ({ live }: { readonly live: Live }) => {
  const { membership, organization } = useViewing()
  const [parameters, setParameters] = useSearchParams()
  const today = dayIn(organization?.timeZone ?? 'UTC', useNow())
  const search = parseCustomerSearch(parameters)
  const asked = customersAsked(search, today)
  const pulse = useCustomerPulse(live, null, useIsPaused(live))
  const answer = useAnswer(CustomersDocument, asked, { pulse })
  return (
    <PageBody isWide>
      <ProgressLine isActive={answer.isFetching} />
      <PageHeading
        title="Customers"
        place={membership.name}
        note="Who owes, what of their credit is used, and how they pay."
        actions={<LiveChip socket={live.socket} />}
      />
      <CustomerFilterBar
        search={search}
        onChange={(changes) =>
          setParameters((before) => withParameters(before, changes), { replace: 'q' in changes })
        }
      />
      <Answered of={answer} title="The customers could not be loaded" skeleton={<RowsSkeleton />}>
        {(data) => <List data={data} asked={asked} isFiltered={isFilteredBy(search)} pulse={pulse} />}
      </Answered>
    </PageBody>
  )
}
