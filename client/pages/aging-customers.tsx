import {
  AgingCustomerRow,
  agingCustomersColumns,
  AgingCustomersHead,
} from '../components/aging-customers.tsx'
import { AsWasNote } from '../components/segment-view.tsx'
import { OpenInvoiceHead, OpenInvoiceRows } from '../components/open-invoices.tsx'
import {
  AgingCustomerInvoicesDocument,
  type AgingCustomers_CustomerFragment,
  AgingCustomersDocument,
  type AgingCustomersQuery,
  type AgingCustomersQueryVariables,
  type OpenInvoices_InvoiceFragment,
} from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { Skeleton } from '../ui/skeleton.tsx'
import { Answered } from './answered.tsx'
import type { Asked } from './figures-page.tsx'
import { MoreRows } from './more-rows.tsx'
import { Panel } from './page-body.tsx'

/** Where the list cannot ask for what the line above it says, it tells what it shows instead. */
const InvoicesNote = ({ asked: { filter } }: Pick<InvoicesProps, 'asked'>) => {
  const { currency: _, ...ofSegments } = filter ?? {}
  if (Object.keys(ofSegments).length === 0) return null
  return (
    <p className="px-4 pt-3 pb-2 text-xs text-pretty text-muted">
      All invoices of the customer are here, whichever segment they are in.
    </p>
  )
}

type InvoicesProps = { readonly asked: Asked; readonly customer: string; readonly pulse: number }

const Invoices = ({ asked, customer, pulse }: InvoicesProps) => {
  const currency = asked.filter?.currency
  const { knownAt } = asked.cutOffs
  const variables = { customer, asOf: asked.day, knownAt, ...(currency ? { currency } : {}) }
  const answer = useAnswer(AgingCustomerInvoicesDocument, variables, { pulse })
  const rows = (invoices: readonly OpenInvoices_InvoiceFragment[]) => (
    <OpenInvoiceRows invoices={invoices} day={asked.day} today={asked.today} />
  )
  return (
    <Answered
      of={answer}
      title="The invoices could not be loaded"
      skeleton={<Skeleton className="m-4 h-10" />}
    >
      {({ invoices: { nodes, pageInfo } }) => (
        <div>
          <InvoicesNote asked={asked} />
          {nodes.length === 0 ? (
            <p className="px-4 py-3 text-muted">
              {knownAt === null
                ? 'No invoice is open.'
                : 'By what was known then no invoice was open that day.'}
            </p>
          ) : (
            <table className="rows figures">
              <caption className="sr-only">Open invoices, the earliest due date first</caption>
              <OpenInvoiceHead />
              <tbody>{rows(nodes)}</tbody>
              <MoreRows
                query={AgingCustomerInvoicesDocument}
                rest={variables}
                pageInfo={pageInfo}
                columns={4}
                pick={({ invoices }) => invoices}
              >
                {rows}
              </MoreRows>
            </table>
          )}
        </div>
      )}
    </Answered>
  )
}

type CustomersProps = {
  readonly asked: Asked
  readonly question: Omit<AgingCustomersQueryVariables, 'after'>
  readonly pulse: number
}

const Table = ({
  asked,
  question,
  pulse,
  page: { nodes, pageInfo, asOf, knownAt },
}: CustomersProps & { readonly page: AgingCustomersQuery['agingByCustomer'] }) => {
  const rows = (customers: readonly AgingCustomers_CustomerFragment[]) =>
    customers.map((row) => (
      <AgingCustomerRow key={row.customer.id} row={row}>
        {(customer) => <Invoices asked={asked} customer={customer} pulse={pulse} />}
      </AgingCustomerRow>
    ))
  // Pages fit together as long as they know the same.
  const rest = { ...question, asOf, knownAt }
  return (
    <table className="rows figures">
      <caption className="sr-only">Customers, who owes most first</caption>
      <AgingCustomersHead by={question.by} />
      <tbody>{rows(nodes)}</tbody>
      <MoreRows
        key={JSON.stringify(question)}
        query={AgingCustomersDocument}
        rest={rest}
        pageInfo={pageInfo}
        columns={agingCustomersColumns}
        pick={({ agingByCustomer }) => agingByCustomer}
      >
        {rows}
      </MoreRows>
    </table>
  )
}

/** Who owes, how old that is, and which invoices. */
export const AgingCustomers = (props: CustomersProps) => {
  const answer = useAnswer(AgingCustomersDocument, props.question, { pulse: props.pulse })
  const { asked } = props
  return (
    <Panel
      title="By customer"
      note={answer.data ? formatCount(answer.data.agingByCustomer.totalCount) : null}
    >
      <AsWasNote view={asked.segments} />
      <Answered
        of={answer}
        title="The customers could not be loaded"
        skeleton={<Skeleton className="m-5 h-40" />}
      >
        {({ agingByCustomer }) =>
          agingByCustomer.nodes.length === 0 ? (
            <p className="border-t border-line px-4 py-8 text-center text-muted">
              No customer owes anything.
            </p>
          ) : (
            <Table {...props} page={agingByCustomer} />
          )
        }
      </Answered>
    </Panel>
  )
}
