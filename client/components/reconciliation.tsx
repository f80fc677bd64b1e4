import type { Reconciliation_ReconciliationFragment } from '../documents.generated.ts'
import { addDays, addMonths, type Day, firstOfMonth, formatDay } from '../format/day.ts'
import { formatMoney } from '../format/quantity.ts'

/** The periods that there are, and where each that holds a day begins. */
export const bookPeriods = [
  { id: 'month', label: 'Month', from: firstOfMonth },
  {
    id: 'quarter',
    label: 'Quarter',
    from: (day: Day) => addMonths(firstOfMonth(day), -((Number(day.slice(5, 7)) - 1) % 3)),
  },
  { id: 'year', label: 'Year', from: (day: Day) => `${day.slice(0, 4)}-01-01` },
] as const satisfies readonly { id: string; label: string; from: (day: Day) => Day }[]

type Line = Reconciliation_ReconciliationFragment['lines'][number]

/** From the opening to the closing balance; what comes after it is the aging itself. */
export const untilClosing = (lines: readonly Line[]): readonly Line[] => {
  const closing = lines.findIndex(({ kind }) => kind === 'CLOSING')
  return closing === -1 ? lines : lines.slice(0, closing + 1)
}

const isBalance = ({ kind }: Line): boolean => kind === 'OPENING' || kind === 'CLOSING'

/** How receivables went from one balance to another: the lines add up. */
export const Reconciliation = ({
  reconciliation: { from, asOf, lines },
}: {
  readonly reconciliation: Reconciliation_ReconciliationFragment
}) => (
  <table className="figures mx-4 mb-4 w-[calc(100%-2rem)] text-xs sm:mx-5 sm:w-[calc(100%-2.5rem)] sm:text-sm">
    <caption className="sr-only">
      Receivables from {formatDay(from, 'medium')} to {formatDay(asOf, 'medium')}
    </caption>
    <thead className="sr-only">
      <tr>
        <th scope="col">What happened</th>
        <th scope="col">Amount</th>
      </tr>
    </thead>
    <tbody>
      {untilClosing(lines).map((line) => (
        <tr
          key={line.kind}
          className={`border-line-strong ${isBalance(line) ? 'font-semibold first:border-0 last:border-t' : 'text-muted'}`}
        >
          <th
            scope="row"
            className={`py-1 pr-3 text-left ${isBalance(line) ? 'font-semibold' : 'font-normal'}`}
          >
            {line.name}
            {isBalance(line) && (
              <span className="ml-1.5 font-normal text-faint">
                {formatDay(line.kind === 'OPENING' ? addDays(from, -1) : asOf, 'medium')}
              </span>
            )}
          </th>
          <td className="py-1 text-right whitespace-nowrap">{formatMoney(line.amount, 'exact')}</td>
        </tr>
      ))}
    </tbody>
  </table>
)
