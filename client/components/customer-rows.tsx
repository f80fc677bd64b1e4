import { Link } from 'wouter'
import type { CustomerRow_CustomerFragment } from '../documents.generated.ts'
import { limitText, riskWords } from '../format/credit-words.ts'
import { formatMoney, formatQuantity, formatWay, unknown } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'
import { CreditUse } from './credit-use.tsx'
import { CustomerMarks } from './customer-marks.tsx'

/** Of the table of customers. */
export const customerColumns = 9

export const CustomerHead = () => (
  <thead>
    <tr>
      <th scope="col">Customer</th>
      <th scope="col" className="text-right!">
        Balance
      </th>
      <th scope="col" className="text-right! max-md:hidden">
        Past due
      </th>
      <th scope="col" className="text-right! max-lg:hidden">
        Limit
      </th>
      <th scope="col" className="text-right! max-xl:hidden">
        Exposure
      </th>
      <th scope="col" className="text-right! max-xl:hidden">
        Headroom
      </th>
      <th scope="col" className="max-sm:hidden">
        Used
      </th>
      <th scope="col" className="max-lg:hidden">
        Pays
      </th>
      <th scope="col" className="max-lg:hidden">
        Risk
      </th>
    </tr>
  </thead>
)

type Money = CustomerRow_CustomerFragment['balance']

const moneyText = (money: Money): string => (money === null ? unknown : formatMoney(money, 'whole'))

const days = { unit: 'DAYS', currency: '' } as const

/** "4.2 days late, 61% on time"; nothing where the customer settled nothing in the year. */
export const PaysText = ({
  behaviour: { averageDaysLate, onTimeRate },
}: {
  readonly behaviour: Pick<CustomerRow_CustomerFragment['paymentBehaviour'], 'averageDaysLate' | 'onTimeRate'>
}) => {
  if (averageDaysLate === null || onTimeRate === null)
    return <span className="text-faint">Nothing settled</span>
  const late = Number(averageDaysLate)
  return (
    <>
      <span className="whitespace-nowrap">
        {formatQuantity(Math.abs(late), days, 'whole')} {late > 0 ? 'late' : 'early'}
      </span>
      <span className="block text-xs whitespace-nowrap text-muted">
        {formatWay(Number(onTimeRate))} on time
      </span>
    </>
  )
}

const Row = ({
  customer,
  href,
}: {
  readonly customer: CustomerRow_CustomerFragment
  readonly href: string
}) => {
  const { number, name, balance, overdue, exposure, credit, paymentBehaviour } = customer
  const isLate = overdue !== null && Number(overdue.amount) > 0
  const { riskClass } = credit
  return (
    <tr className="relative hover:bg-sunken has-[a:focus-visible]:bg-sunken">
      <th scope="row" className="w-full max-w-0">
        <Link href={href} className="block truncate font-medium after:absolute after:inset-0">
          {name}
        </Link>
        <span className="block truncate text-xs text-muted">
          {number}
          <CustomerMarks credit={credit} state={exposure.state} />
        </span>
      </th>
      <td className="text-right! font-medium whitespace-nowrap">
        {moneyText(balance)}
        {isLate && (
          <span className="block text-xs font-normal text-act md:hidden">{moneyText(overdue)} past due</span>
        )}
      </td>
      <td className={`text-right! whitespace-nowrap max-md:hidden ${isLate ? 'text-act' : 'text-muted'}`}>
        {moneyText(overdue)}
      </td>
      <td className="text-right! whitespace-nowrap max-lg:hidden">{limitText(exposure.limit, 'whole')}</td>
      <td className="text-right! whitespace-nowrap text-muted max-xl:hidden">
        {moneyText(exposure.committed)}
      </td>
      <td
        className={`text-right! whitespace-nowrap max-xl:hidden ${exposure.state === 'OVER_LIMIT' ? 'text-act' : 'text-muted'}`}
      >
        {moneyText(exposure.headroom)}
      </td>
      <td className="align-middle! max-sm:hidden">
        <span className="block w-28 xl:w-32">
          <CreditUse exposure={exposure} />
        </span>
      </td>
      <td className="figures max-lg:hidden">
        <PaysText behaviour={paymentBehaviour} />
      </td>
      <td className="max-lg:hidden">
        {riskClass === null ? (
          <span className="text-faint">{unknown}</span>
        ) : (
          <Badge tone={riskClass === 'HIGH' ? 'watch' : 'idle'}>{riskWords[riskClass]}</Badge>
        )}
      </td>
    </tr>
  )
}

type CustomerRowsProps = {
  readonly customers: readonly CustomerRow_CustomerFragment[]
  readonly hrefOf: (id: string) => string
}

export const CustomerRows = ({ customers, hrefOf }: CustomerRowsProps) =>
  customers.map((customer) => <Row key={customer.id} customer={customer} href={hrefOf(customer.id)} />)
