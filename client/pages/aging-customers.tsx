import { ChevronRight } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'
import { balancesOf, type CustomerBalance } from '../components/aging-customers.ts'
import { OpenInvoiceHead, OpenInvoiceRows } from '../components/open-invoices.tsx'
import { isLive } from '../components/question.ts'
import {
  AgingCustomerInvoicesDocument,
  type AgingCustomers_InvoiceFragment,
  AgingCustomersDocument,
  type CustomerFilter,
  type KpiFilter,
} from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatCount, formatMoney, unknown } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { Button } from '../ui/button.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { Answered } from './answered.tsx'
import { errorWords } from './error-words.ts'
import type { Asked } from './figures-page.tsx'
import { MoreRows } from './more-rows.tsx'
import { Panel } from './page-body.tsx'
import { useOpenInvoices } from './use-open-invoices.ts'

type Row = Omit<CustomerBalance, 'balance'> & { readonly balance: CustomerBalance['balance'] | null }
type PartProps = { readonly asked: Asked; readonly pulse: number }

const Invoices = ({ asked, pulse, customer }: PartProps & { readonly customer: string }) => {
  const currency = asked.filter?.currency
  const variables = { customer, asOf: asked.day, ...(currency ? { currency } : {}) }
  const answer = useAnswer(AgingCustomerInvoicesDocument, variables, { pulse })
  return (
    <Answered
      of={answer}
      title="The invoices could not be loaded"
      skeleton={<Skeleton className="m-4 h-10" />}
    >
      {({ invoices: { nodes, pageInfo } }) =>
        nodes.length === 0 ? (
          <p className="px-4 py-3 text-muted">Nothing is open any more.</p>
        ) : (
          <table className="rows figures">
            <caption className="sr-only">Open invoices, the oldest due date first</caption>
            <OpenInvoiceHead />
            <tbody>
              <OpenInvoiceRows invoices={nodes} day={asked.day} />
            </tbody>
            <MoreRows
              query={AgingCustomerInvoicesDocument}
              rest={variables}
              pageInfo={pageInfo}
              columns={4}
              pick={({ invoices }) => invoices}
            >
              {(more) => <OpenInvoiceRows invoices={more} day={asked.day} />}
            </MoreRows>
          </table>
        )
      }
    </Answered>
  )
}

const CustomerRow = ({ row, ...part }: PartProps & { readonly row: Row }) => {
  const [isOpen, setIsOpen] = useState(false)
  const id = useId()
  return (
    <>
      <tr className="relative hover:bg-sunken has-[button:focus-visible]:bg-sunken">
        <th scope="row" className="w-full max-w-0">
          <button
            type="button"
            aria-expanded={isOpen}
            aria-controls={isOpen ? id : undefined}
            onClick={() => setIsOpen(!isOpen)}
            className="flex w-full min-w-0 items-center gap-2 text-left after:absolute after:inset-0"
          >
            <ChevronRight
              aria-hidden="true"
              className={`size-3.5 shrink-0 text-faint transition-transform ${isOpen ? 'rotate-90' : ''}`}
            />
            <span className="min-w-0 truncate font-medium">{row.name}</span>
          </button>
        </th>
        <td className="text-xs whitespace-nowrap text-muted max-sm:hidden">{row.number}</td>
        <td className="text-right! font-medium whitespace-nowrap">
          {row.balance ? formatMoney(row.balance, 'exact') : unknown}
        </td>
      </tr>
      {isOpen && (
        <tr id={id} className="border-t-0!">
          <td colSpan={3} className="pt-0! pb-3!">
            <div className="overflow-x-auto rounded-md border border-line bg-page">
              <Invoices {...part} customer={row.id} />
            </div>
          </td>
        </tr>
      )}
    </>
  )
}

const Table = ({ children }: { readonly children: ReactNode }) => (
  <table className="rows figures">
    <caption className="sr-only">Customers who owe, the largest balance first</caption>
    <thead>
      <tr>
        <th scope="col">Customer</th>
        <th scope="col" className="max-sm:hidden">
          Number
        </th>
        <th scope="col" className="text-right!">
          Open
        </th>
      </tr>
    </thead>
    {children}
  </table>
)

const Nobody = () => (
  <p className="border-t border-line px-4 py-8 text-center text-muted">No customer owes anything.</p>
)

/** What customers can be asked for by; null where that is not all that the filter says. */
const customerFilterOf = (filter: KpiFilter | null): CustomerFilter => ({
  hasBalance: true,
  ...(filter?.region ? { region: { in: filter.region } } : {}),
  ...(filter?.businessUnit ? { businessUnit: { in: filter.businessUnit } } : {}),
  ...(filter?.channel ? { channel: { in: filter.channel } } : {}),
  ...(filter?.collectorId ? { ownerId: filter.collectorId } : {}),
})

/** Who owes now, as the server has it. */
const CustomersNow = (part: PartProps) => {
  const filter = customerFilterOf(part.asked.filter)
  const answer = useAnswer(AgingCustomersDocument, { filter }, { pulse: part.pulse })
  return (
    <Answered
      of={answer}
      title="The customers could not be loaded"
      skeleton={<Skeleton className="m-5 h-40" />}
    >
      {({ customers: { nodes, pageInfo } }) =>
        nodes.length === 0 ? (
          <Nobody />
        ) : (
          <Table>
            <tbody>
              {nodes.map((row) => (
                <CustomerRow key={row.id} row={row} {...part} />
              ))}
            </tbody>
            <MoreRows
              key={JSON.stringify(filter)}
              query={AgingCustomersDocument}
              rest={{ filter }}
              pageInfo={pageInfo}
              columns={3}
              pick={({ customers }) => customers}
            >
              {(more) => more.map((row) => <CustomerRow key={row.id} row={row} {...part} />)}
            </MoreRows>
          </Table>
        )
      }
    </Answered>
  )
}

const isIn = (values: readonly string[] | null | undefined, value: string | null | undefined): boolean =>
  values == null || (value != null && values.includes(value))

const isOf = ({ customer }: AgingCustomers_InvoiceFragment, filter: KpiFilter | null): boolean =>
  isIn(filter?.region, customer.region) &&
  isIn(filter?.businessUnit, customer.businessUnit) &&
  isIn(filter?.channel, customer.channel) &&
  isIn(filter?.collectorId, customer.owner?.id)

const shownFirst = 25

/** The customers of one currency. */
const CurrencyRows = ({
  currency,
  rows,
  ...part
}: PartProps & { readonly currency: string; readonly rows: readonly CustomerBalance[] }) => {
  const [shown, setShown] = useState(shownFirst)
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={3} className="bg-sunken py-1.5! text-xs font-medium! text-muted">
          {currency} · {formatCount(rows.length)} {rows.length === 1 ? 'customer' : 'customers'}
        </th>
      </tr>
      {rows.slice(0, shown).map((row) => (
        <CustomerRow key={row.id} row={row} {...part} />
      ))}
      {rows.length > shown && (
        <tr>
          <td colSpan={3}>
            <Button onClick={() => setShown(shown + 100)}>Show more in {currency}</Button>
          </td>
        </tr>
      )}
    </tbody>
  )
}

/** Who owed on a day, added up from the invoices that were open at its end. */
const CustomersThen = (part: PartProps) => {
  const { asked, pulse } = part
  const { found, error, retry } = useOpenInvoices({
    day: asked.day,
    currencies: asked.filter?.currency ?? null,
    pulse,
  })
  if (error)
    return <ErrorCard title="The invoices could not be loaded" message={errorWords(error)} onRetry={retry} />
  if (!found) return <Skeleton className="m-5 h-40" />
  const parts = balancesOf(
    found.invoices.filter((invoice) => isOf(invoice, asked.filter)),
    found.currencies,
  )
  if (parts.length === 0) return <Nobody />
  return (
    <>
      {!found.isWhole && (
        <p className="border-t border-line px-4 py-3 text-watch sm:px-5">
          Only the {formatCount(found.invoices.length)} newest of{' '}
          {found.totalCount === null ? 'very many' : formatCount(found.totalCount)} open invoices are added up
          here.
        </p>
      )}
      <Table>
        {parts.map(({ currency, rows }) => (
          <CurrencyRows key={currency} currency={currency} rows={rows} {...part} />
        ))}
      </Table>
    </>
  )
}

/** Who owes, and which invoices. */
export const AgingCustomers = (part: PartProps) => {
  const { asked } = part
  const { filter, cutOffs } = asked
  const isNow = isLive(cutOffs) && !filter?.currency
  const notes = [
    ...(isNow ? [] : ['Each currency apart.']),
    ...(cutOffs.knownAt === null ? [] : ['With what is known by now, not then.']),
    ...(filter ? ['Customers by their segment of today.'] : []),
    ...(filter?.productLine ? ['All product lines.'] : []),
  ]
  return (
    <Panel title="By customer" note={formatDay(asked.day, 'medium')}>
      {notes.length > 0 && (
        <p className="px-4 pb-2 text-xs text-pretty text-muted sm:px-5">{notes.join(' ')}</p>
      )}
      {isNow ? (
        <CustomersNow {...part} />
      ) : (
        <CustomersThen key={JSON.stringify([asked.day, filter])} {...part} />
      )}
    </Panel>
  )
}
