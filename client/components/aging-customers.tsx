import { ChevronRight } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'
import type { AgingBasis, AgingCustomers_CustomerFragment } from '../documents.generated.ts'
import { type Day, formatDay } from '../format/day.ts'
import { formatMoney, unknown } from '../format/quantity.ts'
import { AgeBar } from './age-bar.tsx'

/** Of the table of customers. */
export const agingCustomersColumns = 5

export const AgingCustomersHead = ({ by }: { readonly by: AgingBasis }) => (
  <thead>
    <tr>
      <th scope="col">Customer</th>
      <th scope="col" className="max-md:hidden">
        Ages
      </th>
      <th scope="col" className="max-lg:hidden">
        {by === 'DUE_DATE' ? 'Earliest due' : 'Earliest bill'}
      </th>
      <th scope="col" className="text-right! max-sm:hidden">
        Unapplied
      </th>
      <th scope="col" className="text-right!">
        Open
      </th>
    </tr>
  </thead>
)

type AgingCustomerRowProps = {
  readonly row: AgingCustomers_CustomerFragment
  /** What is behind it, once somebody asks. */
  readonly children: (customer: string) => ReactNode
}

const dayWords = (day: Day | null): string => (day === null ? unknown : formatDay(day, 'medium'))

/** A customer: what it owes, how old that is, and the invoices once it is opened. */
export const AgingCustomerRow = ({ row, children }: AgingCustomerRowProps) => {
  const [isOpen, setIsOpen] = useState(false)
  const id = useId()
  const { customer, buckets, total, unapplied, oldestOn } = row
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
            <span className="min-w-0 truncate font-medium">{customer.name}</span>
            <span className="shrink-0 text-xs text-muted max-sm:hidden">{customer.number}</span>
          </button>
        </th>
        <td className="align-middle! max-md:hidden">
          <span className="block w-40 lg:w-64">
            <AgeBar buckets={buckets} />
          </span>
        </td>
        <td className="whitespace-nowrap text-muted max-lg:hidden">{dayWords(oldestOn)}</td>
        <td className="text-right! whitespace-nowrap text-muted max-sm:hidden">
          {Number(unapplied.amount) === 0 ? '' : formatMoney(unapplied, 'exact')}
        </td>
        <td className="text-right! font-medium whitespace-nowrap">{formatMoney(total, 'exact')}</td>
      </tr>
      {isOpen && (
        <tr id={id} className="border-t-0!">
          <td colSpan={agingCustomersColumns} className="pt-0! pb-3!">
            <div className="overflow-x-auto rounded-md border border-line bg-page">
              {children(customer.id)}
            </div>
          </td>
        </tr>
      )}
    </>
  )
}
