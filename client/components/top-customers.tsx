import type { TopCustomers_CustomerFragment } from '../documents.generated.ts'
import { formatCount, formatMoney, formatShare, unknown } from '../format/quantity.ts'

type TopCustomersProps = {
  readonly customers: readonly TopCustomers_CustomerFragment[]
  /** How many owe something; null where nobody counted. */
  readonly totalCount: number | null
  /** All open receivables, in the same currency as the balances. */
  readonly total: { readonly amount: string; readonly currency: string }
}

/** A customer's part of all receivables, 0 to 100; null where it cannot be said. */
export const shareOf = (
  balance: TopCustomers_CustomerFragment['balance'],
  total: TopCustomersProps['total'],
): number | null => {
  if (!balance || balance.currency !== total.currency || Number(total.amount) <= 0) return null
  return (Number(balance.amount) / Number(total.amount)) * 100
}

/** Who owes most. */
export const TopCustomers = ({ customers, totalCount, total }: TopCustomersProps) => {
  const largest = Math.max(0, ...customers.map(({ balance }) => shareOf(balance, total) ?? 0))
  return (
    <section aria-labelledby="customers" className="panel px-4 py-4 sm:px-5">
      <header className="flex flex-wrap items-baseline justify-between gap-x-4">
        <h2 id="customers" className="text-base font-semibold">
          Largest balances
        </h2>
        {totalCount !== null && customers.length > 0 && (
          <p className="figures text-xs text-muted">
            {formatCount(customers.length)} of {formatCount(totalCount)} customers who owe
          </p>
        )}
      </header>
      {customers.length === 0 ? (
        <p className="mt-3 text-muted">No customer owes anything.</p>
      ) : (
        <table className="figures mt-2 w-full text-xs sm:text-sm">
          <caption className="sr-only">The customers with the largest balances</caption>
          <thead className="text-2xs text-faint">
            <tr>
              <th scope="col" className="pb-1 text-left font-normal">
                Customer
              </th>
              <th scope="col" className="pb-1 pl-4 text-left font-normal max-sm:hidden">
                Number
              </th>
              <th scope="col" className="pb-1 pl-2 text-right sm:pl-3 font-normal">
                Share
              </th>
              <th scope="col" className="pb-1 pl-2 text-right sm:pl-3 font-normal">
                Balance
              </th>
            </tr>
          </thead>
          <tbody>
            {customers.map(({ id, name, number, balance }) => {
              const share = shareOf(balance, total)
              return (
                <tr key={id} className="border-t border-line">
                  <th scope="row" className="w-full max-w-0 py-1.75 text-left font-normal">
                    <span className="block truncate font-medium">{name}</span>
                    <span aria-hidden="true" className="mt-1 block h-0.75 rounded-full bg-sunken">
                      <span
                        className="block h-full rounded-full bg-idle-fill"
                        style={{ width: `${largest === 0 ? 0 : ((share ?? 0) / largest) * 100}%` }}
                      />
                    </span>
                  </th>
                  <td className="py-1.75 pl-4 text-xs whitespace-nowrap text-faint max-sm:hidden">
                    {number}
                  </td>
                  <td className="py-1.75 pl-2 text-right sm:pl-4 whitespace-nowrap text-muted">
                    {share === null ? unknown : formatShare(share)}
                  </td>
                  <td className="py-1.75 pl-2 text-right sm:pl-4 font-medium whitespace-nowrap">
                    {balance ? formatMoney(balance, 'exact') : unknown}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      )}
    </section>
  )
}
