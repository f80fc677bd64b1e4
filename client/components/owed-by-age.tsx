import { Textures, TextureSwatch } from '../charts/stacked-bar.tsx'
import type { CustomerDetail_CustomerFragment } from '../documents.generated.ts'
import { formatCount, formatMoney, unknown } from '../format/quantity.ts'
import { AgeBar } from './age-bar.tsx'
import { styleOfBucket } from './aging-panel.tsx'

type OwedByAgeProps = {
  readonly customer: Pick<CustomerDetail_CustomerFragment, 'ages' | 'balance' | 'overdue' | 'unapplied'>
}

/** What a customer owes: how much, how late, and how old it is. */
export const OwedByAge = ({ customer: { ages, balance, overdue, unapplied } }: OwedByAgeProps) => (
  <div className="figures grid gap-3 px-4 pb-4 sm:px-5">
    <Textures />
    <dl className="grid grid-cols-2 gap-x-6">
      <div>
        <dt className="text-xs text-muted">Balance</dt>
        <dd className="text-figure font-semibold">
          {balance === null ? unknown : formatMoney(balance, 'whole')}
        </dd>
      </div>
      <div>
        <dt className="text-xs text-muted">Past due</dt>
        <dd
          className={`text-figure font-semibold ${overdue !== null && Number(overdue.amount) > 0 ? 'text-act' : ''}`}
        >
          {overdue === null ? unknown : formatMoney(overdue, 'whole')}
        </dd>
      </div>
    </dl>
    {ages === null ? (
      <p className="text-muted">An exchange rate is missing.</p>
    ) : (
      <>
        <AgeBar buckets={ages} />
        <table className="w-full text-sm">
          <caption className="sr-only">Open invoices by days past due</caption>
          <tbody>
            {ages.map(({ label, amount, count }, index) => (
              <tr key={label}>
                <th scope="row" className="py-1 pr-2 text-left font-normal">
                  <span className="flex items-center gap-2.5">
                    <TextureSwatch style={styleOfBucket(index, ages.length)} />
                    {label}
                  </span>
                </th>
                <td className="py-1 pl-3 text-right text-muted">{formatCount(count)}</td>
                <td className="py-1 pl-3 text-right font-medium whitespace-nowrap">
                  {formatMoney(amount, 'exact')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </>
    )}
    {unapplied.length > 0 && (
      <p className="text-xs text-muted">
        Not applied yet: {unapplied.map((money) => formatMoney(money, 'exact')).join(', ')}
      </p>
    )}
  </div>
)
