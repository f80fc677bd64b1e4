import type { OpenInvoices_InvoiceFragment } from '../documents.generated.ts'
import { type Day, daysBetween, formatDay } from '../format/day.ts'
import { formatMoney } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'

const dueWords = (dueOn: Day, day: Day): string => {
  const days = daysBetween(dueOn, day)
  if (days === 0) return 'due that day'
  const count = `${Math.abs(days)} day${Math.abs(days) === 1 ? '' : 's'}`
  return days > 0 ? `${count} past due` : `due in ${count}`
}

/** Rows of invoices that were open at the end of a day. */
export const OpenInvoiceRows = ({
  invoices,
  day,
  today,
}: {
  readonly invoices: readonly OpenInvoices_InvoiceFragment[]
  readonly day: Day
  readonly today: Day
}) =>
  invoices.map(({ id, number, issuedOn, dueOn, amount, balance, disputed }) => (
    <tr key={id}>
      <th scope="row">
        <span className="font-medium">{number}</span>{' '}
        {disputed && day === today && <Badge tone="watch">Disputed</Badge>}
        <span className="block text-xs text-muted">
          of {formatDay(issuedOn, 'medium')}
          {/* Whether it was on another day the server does not say. */}
          {disputed && day !== today && ', disputed today'}
        </span>
      </th>
      <td>
        <span className="whitespace-nowrap">{formatDay(dueOn, 'medium')}</span>
        <span className={`block text-xs ${dueOn < day ? 'text-act' : 'text-muted'}`}>
          {dueWords(dueOn, day)}
        </span>
      </td>
      <td className="text-right! whitespace-nowrap text-muted max-sm:hidden">
        {formatMoney(amount, 'exact')}
      </td>
      <td className="text-right! font-medium whitespace-nowrap">{formatMoney(balance, 'exact')}</td>
    </tr>
  ))

export const OpenInvoiceHead = () => (
  <thead>
    <tr>
      <th scope="col">Invoice</th>
      <th scope="col">Due</th>
      <th scope="col" className="text-right! max-sm:hidden">
        Billed
      </th>
      <th scope="col" className="text-right!">
        Open
      </th>
    </tr>
  </thead>
)
