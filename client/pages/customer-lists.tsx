/** What a customer has by rows: limits that were set, applications for credit, orders, open invoices. Each is asked for on its own. */
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { applicationColumns, ApplicationHead, ApplicationRows } from '../components/application-rows.tsx'
import { LimitChart } from '../components/limit-chart.tsx'
import { LimitHistoryRows } from '../components/limit-history.tsx'
import { OpenInvoiceHead, OpenInvoiceRows } from '../components/open-invoices.tsx'
import { OrderHead, OrderRows } from '../components/order-rows.tsx'
import {
  CustomerApplicationsDocument,
  CustomerApplicationsMoreDocument,
  CustomerInvoicesDocument,
  CustomerInvoicesMoreDocument,
  CustomerLimitChartDocument,
  CustomerLimitsDocument,
  CustomerLimitsMoreDocument,
  CustomerOrdersDocument,
  CustomerOrdersMoreDocument,
} from '../documents.generated.ts'
import { addMonths, type Day, firstOfMonth } from '../format/day.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { useSlowPulse } from '../live/use-slow-pulse.ts'
import { Skeleton } from '../ui/skeleton.tsx'
import { useNow } from '../ui/use-now.ts'
import { applicationPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { MoreRows } from './more-rows.tsx'
import { Panel } from './page-body.tsx'
import { useRenewal } from './use-renewal.ts'
import { useViewing } from './use-viewer.ts'

type ListProps = { readonly id: string; readonly pulse: number }

const Nothing = ({ children }: { readonly children: ReactNode }) => (
  <p className="px-4 pb-4 text-muted sm:px-5">{children}</p>
)

const noPage = { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } } as const
const noteOf = (count: number | null | undefined): string | null =>
  count == null ? null : formatCount(count)

type LimitsProps = ListProps & {
  readonly number: string
  /** Of its limit. */
  readonly currency: string
  readonly today: Day
  readonly timeZone: string
}

const chartMonths = 24

/** The limits over time, beside what was used of them. It comes after the list: it takes the server longer. */
const LimitsOverTime = ({ id, number, currency, today, pulse }: Omit<LimitsProps, 'timeZone'>) => {
  const from = firstOfMonth(addMonths(today, -chartMonths))
  const asked = { id, from, currency, filter: { customer: { number } } }
  const { data, refetch } = useKeptQuery(CustomerLimitChartDocument, asked)
  useRenewal(useSlowPulse(pulse), refetch)
  return data?.customer ? <LimitChart spans={data.customer.credit.past} rows={data.kpis} /> : null
}

export const CustomerLimits = ({ timeZone, ...chart }: LimitsProps) => {
  const { id, pulse } = chart
  const { may } = useViewing()
  const answer = useAnswer(CustomerLimitsDocument, { id }, { pulse })
  const changes = answer.data?.customer?.creditLimitChanges
  return (
    <Panel title="Limits that were set" note={noteOf(changes?.totalCount)}>
      {may('kpi:read') && <LimitsOverTime {...chart} />}
      <Answered
        of={answer}
        title="The limits could not be loaded"
        skeleton={<Skeleton className="m-5 h-20" />}
      >
        {() =>
          !changes || changes.nodes.length === 0 ? (
            <Nothing>Nobody has set one here.</Nothing>
          ) : (
            <table className="rows">
              <caption className="sr-only">How the limit was set, the latest first</caption>
              <tbody>
                <LimitHistoryRows changes={changes.nodes} timeZone={timeZone} />
              </tbody>
              <MoreRows
                query={CustomerLimitsMoreDocument}
                rest={{ id }}
                pageInfo={changes.pageInfo}
                columns={2}
                pick={({ customer }) => customer?.creditLimitChanges ?? noPage}
              >
                {(rows) => <LimitHistoryRows changes={rows} timeZone={timeZone} />}
              </MoreRows>
            </table>
          )
        }
      </Answered>
    </Panel>
  )
}

export const CustomerApplications = ({ id, pulse, timeZone }: ListProps & { readonly timeZone: string }) => {
  const { membership, may } = useViewing()
  const now = useNow()
  const answer = useAnswer(CustomerApplicationsDocument, { id }, { pulse })
  const applications = answer.data?.customer?.creditApplications
  const rows = { now, timeZone, hrefOf: (other: string) => applicationPath(membership.slug, other) }
  return (
    <Panel
      title="Applications for credit"
      note={noteOf(applications?.totalCount)}
      actions={
        may('order:write') && (
          <Link
            href={`${applicationPath(membership.slug, 'new')}?customer=${id}`}
            className="rounded-sm text-xs font-medium text-accent underline-offset-4 hover:underline print:hidden"
          >
            New application
          </Link>
        )
      }
    >
      <Answered
        of={answer}
        title="The applications could not be loaded"
        skeleton={<Skeleton className="m-5 h-20" />}
      >
        {() =>
          !applications || applications.nodes.length === 0 ? (
            <Nothing>It has never asked for credit.</Nothing>
          ) : (
            <table className="rows figures">
              <caption className="sr-only">Applications for credit, the latest first</caption>
              <ApplicationHead />
              <tbody>
                <ApplicationRows applications={applications.nodes} {...rows} />
              </tbody>
              <MoreRows
                query={CustomerApplicationsMoreDocument}
                rest={{ id }}
                pageInfo={applications.pageInfo}
                columns={applicationColumns}
                pulse={pulse}
                pick={({ customer }) => customer?.creditApplications ?? noPage}
              >
                {(more) => <ApplicationRows applications={more} {...rows} />}
              </MoreRows>
            </table>
          )
        }
      </Answered>
    </Panel>
  )
}

export const CustomerOrders = ({ id, pulse }: ListProps) => {
  const answer = useAnswer(CustomerOrdersDocument, { id }, { pulse })
  const orders = answer.data?.customer?.orders
  return (
    <Panel title="Orders" note={noteOf(orders?.totalCount)}>
      <Answered
        of={answer}
        title="The orders could not be loaded"
        skeleton={<Skeleton className="m-5 h-20" />}
      >
        {() =>
          !orders || orders.nodes.length === 0 ? (
            <Nothing>It has ordered nothing.</Nothing>
          ) : (
            <table className="rows figures">
              <caption className="sr-only">Orders, the latest first</caption>
              <OrderHead />
              <tbody>
                <OrderRows orders={orders.nodes} />
              </tbody>
              <MoreRows
                query={CustomerOrdersMoreDocument}
                rest={{ id }}
                pageInfo={orders.pageInfo}
                columns={4}
                pulse={pulse}
                pick={({ customer }) => customer?.orders ?? noPage}
              >
                {(rows) => <OrderRows orders={rows} />}
              </MoreRows>
            </table>
          )
        }
      </Answered>
    </Panel>
  )
}

export const CustomerInvoices = ({ id, pulse, today }: ListProps & { readonly today: Day }) => {
  const asked = { customer: id, asOf: today, knownAt: null }
  const answer = useAnswer(CustomerInvoicesDocument, asked, { pulse })
  return (
    <Panel title="Open invoices" note={noteOf(answer.data?.invoices.totalCount)}>
      <Answered
        of={answer}
        title="The invoices could not be loaded"
        skeleton={<Skeleton className="m-5 h-20" />}
      >
        {({ invoices: { nodes, pageInfo } }) =>
          nodes.length === 0 ? (
            <Nothing>Nothing is open.</Nothing>
          ) : (
            <table className="rows figures">
              <caption className="sr-only">Open invoices, the earliest due first</caption>
              <OpenInvoiceHead />
              <tbody>
                <OpenInvoiceRows invoices={nodes} day={today} today={today} />
              </tbody>
              <MoreRows
                query={CustomerInvoicesMoreDocument}
                rest={asked}
                pageInfo={pageInfo}
                columns={4}
                pulse={pulse}
                pick={({ invoices }) => invoices}
              >
                {(rows) => <OpenInvoiceRows invoices={rows} day={today} today={today} />}
              </MoreRows>
            </table>
          )
        }
      </Answered>
    </Panel>
  )
}
