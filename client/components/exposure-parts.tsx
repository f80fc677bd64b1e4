import type { ExposureParts_ExposureFragment } from '../documents.generated.ts'
import { exposureStateWords, limitText } from '../format/credit-words.ts'
import { formatMoney, unknown } from '../format/quantity.ts'
import { CreditUse } from './credit-use.tsx'

type Exposure = ExposureParts_ExposureFragment
type Money = Exposure['gross']

type LineProps = {
  readonly label: string
  readonly money: Money
  readonly sign?: '' | '\u2212'
  readonly look?: 'part' | 'sum'
  readonly tone?: string
}

const isZero = (money: Money): boolean => money !== null && Number(money.amount) === 0

const Line = ({ label, money, sign = '', look = 'part', tone = '' }: LineProps) => (
  <tr className={look === 'sum' ? 'border-t border-line-strong font-semibold' : 'text-muted'}>
    <th
      scope="row"
      className={`py-1 pr-3 text-left ${look === 'sum' ? 'pt-1.75 font-semibold' : 'font-normal'}`}
    >
      {label}
    </th>
    <td className={`py-1 pl-3 text-right whitespace-nowrap ${look === 'sum' ? 'pt-1.75' : ''} ${tone}`}>
      {money === null ? unknown : `${isZero(money) ? '' : sign}${formatMoney(money, 'exact')}`}
    </td>
  </tr>
)

/** What a customer's credit is used for, part by part, gross and net of insurance, and what of the limit is left. */
export const ExposureParts = ({ exposure }: { readonly exposure: Exposure }) => {
  const { limit, headroom, state, reason } = exposure
  return (
    <div className="grid gap-3 px-4 pb-4 sm:px-5">
      <dl className="figures grid grid-cols-2 gap-x-6 gap-y-1">
        <div className="min-w-0">
          <dt className="text-xs text-muted">Limit</dt>
          <dd className="text-figure font-semibold">{limitText(limit, 'whole')}</dd>
        </div>
        <div className="min-w-0">
          <dt className="text-xs text-muted">Headroom</dt>
          <dd className={`text-figure font-semibold ${state === 'OVER_LIMIT' ? 'text-act' : ''}`}>
            {headroom === null ? unknown : formatMoney(headroom, 'whole')}
          </dd>
        </div>
      </dl>
      <CreditUse exposure={exposure} />
      <p className="text-xs text-pretty text-muted">
        {exposureStateWords[state]}
        {reason !== null && `. ${reason}`}
      </p>
      <table className="figures w-full text-sm">
        <caption className="sr-only">What the credit is used for today</caption>
        <tbody>
          <Line label="Open invoices" money={exposure.receivables} />
          <Line label="Shipped, not billed" money={exposure.shippedNotInvoiced} />
          <Line label="Open orders" money={exposure.openOrders} />
          <Line label="Payments that can still bounce" money={exposure.unclearedReceipts} />
          <Line label="Unapplied cash and credits" money={exposure.unapplied} sign={'\u2212'} />
          <Line label="Securities" money={exposure.security} sign={'\u2212'} />
          <Line label="Gross exposure" money={exposure.gross} look="sum" />
          <Line label="Insured" money={exposure.insurance} sign={'\u2212'} />
          <Line label="Net exposure" money={exposure.net} look="sum" />
          <Line label="Reserved for orders" money={exposure.reserved} />
          <Line label="Counts against the limit" money={exposure.committed} look="sum" />
        </tbody>
      </table>
    </div>
  )
}
