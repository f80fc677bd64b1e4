import { Link } from 'wouter'
import type {
  CreditReasonCode,
  PolicyRun_RunFragment,
  PolicyRun_SumsFragment,
  SimulateCreditPolicyQuery,
} from '../documents.generated.ts'
import { formatCount, formatMoney } from '../format/quantity.ts'

type Simulation = Extract<
  SimulateCreditPolicyQuery['simulateCreditPolicy'],
  { __typename: 'CreditPolicySimulation' }
>
type Sums = PolicyRun_SumsFragment

const reasonWords = {
  ON_HOLD: 'On hold',
  LIMIT_NOT_SET: 'No limit was set',
  PREPAYMENT_ONLY: 'Prepayment only',
  OVER_LIMIT: 'Over the limit',
  OVER_POLICY_LIMIT: 'More than class or rating are granted',
  WITHIN_TOLERANCE: 'Within the tolerance',
  REVIEW_OVERDUE: 'The review was overdue',
  PAST_DUE: 'Too much was past due',
  RATE_MISSING: 'An exchange rate was missing',
} as const satisfies Record<CreditReasonCode, string>

const lines = [
  { id: 'bills', label: 'Bills', text: ({ bills }: Sums) => formatCount(bills) },
  { id: 'customers', label: 'Customers', text: ({ customers }: Sums) => formatCount(customers) },
  { id: 'amount', label: 'Amount', text: ({ amount }: Sums) => formatMoney(amount, 'whole') },
  { id: 'paid', label: 'Paid of it', text: ({ paid }: Sums) => formatMoney(paid, 'whole') },
  {
    id: 'writtenOff',
    label: 'Written off',
    text: ({ writtenOff }: Sums) => formatMoney(writtenOff, 'whole'),
  },
  { id: 'late', label: 'Late by over 90 days', text: ({ late }: Sums) => formatMoney(late, 'whole') },
] as const

const outcomes = [
  { id: 'allowed', label: 'Would have gone out' },
  { id: 'reviewed', label: 'Somebody would have looked at' },
  { id: 'blocked', label: 'Would have been stopped' },
] as const

/** What would have come of the bills by the rules that are tried, beside those in force. */
export const PolicyOutcomes = ({
  simulation: { proposed, inForce },
}: {
  readonly simulation: Simulation
}) => (
  <div className="grid gap-4 px-4 pb-4 sm:px-5 lg:grid-cols-3">
    {outcomes.map(({ id, label }) => (
      <section key={id} className="min-w-0">
        <h3 className="pb-1 font-medium">{label}</h3>
        <table className="figures w-full text-sm">
          <caption className="sr-only">{label}, by both policies</caption>
          <thead className="text-2xs text-faint">
            <tr>
              <th scope="col">
                <span className="sr-only">What</span>
              </th>
              <th scope="col" className="py-1 pl-3 text-right font-normal">
                As tried
              </th>
              <th scope="col" className="py-1 pl-3 text-right font-normal">
                In force
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr key={line.id} className="border-t border-line">
                <th scope="row" className="py-1 text-left font-normal text-muted">
                  {line.label}
                </th>
                <td className="py-1 pl-3 text-right font-medium whitespace-nowrap">
                  {line.text(proposed.total[id])}
                </td>
                <td className="py-1 pl-3 text-right whitespace-nowrap text-muted">
                  {line.text(inForce.total[id])}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    ))}
  </div>
)

/** Why bills would not have been allowed. */
export const PolicyReasons = ({ run }: { readonly run: PolicyRun_RunFragment }) =>
  run.reasons.length === 0 ? (
    <p className="px-4 pb-4 text-muted sm:px-5">Nothing would have spoken against any bill.</p>
  ) : (
    <table className="rows figures">
      <caption className="sr-only">Why bills would not have been allowed, the greatest amount first</caption>
      <thead>
        <tr>
          <th scope="col">Reason</th>
          <th scope="col" className="text-right!">
            Bills
          </th>
          <th scope="col" className="text-right!">
            Amount
          </th>
        </tr>
      </thead>
      <tbody>
        {run.reasons.map(({ code, outcome, bills, amount }) => (
          <tr key={`${code} ${outcome}`}>
            <th scope="row">{reasonWords[code]}</th>
            <td className="text-right!">{formatCount(bills)}</td>
            <td className="text-right! font-medium whitespace-nowrap">{formatMoney(amount, 'whole')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )

type PolicyCustomersProps = {
  readonly simulation: Simulation
  readonly hrefOf: (id: string) => string
}

/** Who would have been stopped or looked at the most. */
export const PolicyCustomers = ({ simulation, hrefOf }: PolicyCustomersProps) => {
  const { customers } = simulation.proposed
  if (customers.length === 0)
    return <p className="px-4 pb-4 text-muted sm:px-5">Nobody would have been stopped.</p>
  return (
    <table className="rows figures">
      <caption className="sr-only">Customers of whom most would have been stopped or looked at</caption>
      <thead>
        <tr>
          <th scope="col">Customer</th>
          <th scope="col" className="text-right! max-sm:hidden">
            Looked at
          </th>
          <th scope="col" className="text-right!">
            Stopped
          </th>
          <th scope="col" className="text-right! max-sm:hidden">
            Of it paid
          </th>
        </tr>
      </thead>
      <tbody>
        {customers.map(({ customer: { id, name, number }, outcomes: { reviewed, blocked } }) => (
          <tr key={id}>
            <th scope="row" className="w-full max-w-0">
              <Link href={hrefOf(id)} className="block truncate font-medium hover:underline">
                {name}
              </Link>
              <span className="block text-xs text-muted">{number}</span>
            </th>
            <td className="text-right! whitespace-nowrap text-muted max-sm:hidden">
              {formatMoney(reviewed.amount, 'whole')}
            </td>
            <td className="text-right! font-medium whitespace-nowrap">
              {formatMoney(blocked.amount, 'whole')}
            </td>
            <td className="text-right! whitespace-nowrap text-muted max-sm:hidden">
              {formatMoney(blocked.paid, 'whole')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
