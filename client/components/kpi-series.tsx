import { LineChart } from '../charts/line-chart.tsx'
import type { Granularity, KpiSeries_RowFragment } from '../documents.generated.ts'
import { addDays, addMonths, type Day, firstOfMonth, formatDay } from '../format/day.ts'
import { formatDecimal, formatFigure, formatQuantity, unknown } from '../format/quantity.ts'
import { Disclosure } from '../ui/disclosure.tsx'
import { nullSentence, nullWords } from './null-words.ts'

/** The series that there are, and where each begins to end on a day. */
export const seriesChoices = [
  { id: 'DAY', label: 'Days', from: (day: Day) => addDays(day, -89) },
  { id: 'WEEK', label: 'Weeks', from: (day: Day) => addDays(day, -7 * 51) },
  { id: 'MONTH', label: 'Months', from: (day: Day) => firstOfMonth(addMonths(day, -24)) },
  { id: 'QUARTER', label: 'Quarters', from: (day: Day) => firstOfMonth(addMonths(day, -36)) },
] as const satisfies readonly { id: Granularity; label: string; from: (day: Day) => Day }[]

export type SeriesChoice = (typeof seriesChoices)[number]

export const seriesOf = (id: string | null): SeriesChoice =>
  seriesChoices.find((choice) => choice.id === id) ?? seriesChoices[2]

const isMonthEnd = (day: Day): boolean => addDays(day, 1).endsWith('-01')

/** What a point stands for; each stands at the end of its bucket, the last at the day that the series ends on. */
const bucketWords = (day: Day, choice: SeriesChoice): string => {
  if (choice.id === 'MONTH' && isMonthEnd(day)) return formatDay(day, 'month')
  return formatDay(day, 'medium')
}

const valueWords = (row: KpiSeries_RowFragment): string =>
  row.value === null ? nullWords(row) : formatQuantity(row.value, row, 'whole')

/** Without what lies before the books begin: there is nothing to see there. */
export const withoutPrehistory = <Row extends { readonly value: number | null }>(
  rows: readonly Row[],
): readonly Row[] => {
  const first = rows.findIndex(({ value }) => value !== null)
  return first === -1 ? [] : rows.slice(first)
}

const Table = ({
  name,
  rows,
  choice,
}: Omit<KpiSeriesProps, 'rows'> & { readonly rows: readonly KpiSeries_RowFragment[] }) => {
  const hasParts = rows.some(({ denominator }) => denominator !== null)
  return (
    <section
      aria-label={`${name} as a table`}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by the keyboard
      tabIndex={0}
      className="mt-2 max-h-96 overflow-auto rounded-md border border-line"
    >
      <table className="rows figures">
        <caption className="sr-only">
          {name}, {choice.label.toLowerCase()}, the newest first
        </caption>
        <thead>
          <tr>
            <th scope="col">To the end of</th>
            <th scope="col" className="text-right!">
              Value
            </th>
            {hasParts && (
              <>
                <th scope="col" className="text-right! max-sm:hidden">
                  Numerator
                </th>
                <th scope="col" className="text-right! max-sm:hidden">
                  Denominator
                </th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.toReversed().map((row) => (
            <tr key={row.date}>
              <th scope="row" className="whitespace-nowrap">
                {formatDay(row.date, 'medium')}
              </th>
              <td className="text-right!">{valueWords(row)}</td>
              {hasParts && (
                <>
                  <td className="text-right! text-muted max-sm:hidden">
                    {row.numerator === null ? unknown : formatDecimal(row.numerator)}
                  </td>
                  <td className="text-right! text-muted max-sm:hidden">
                    {row.denominator === null ? unknown : formatDecimal(row.denominator)}
                  </td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

type KpiSeriesProps = {
  readonly name: string
  readonly rows: readonly KpiSeries_RowFragment[]
  readonly choice: SeriesChoice
}

/** A KPI over time: a chart, and the same as a table. */
export const KpiSeries = ({ name, rows, choice }: KpiSeriesProps) => {
  const known = withoutPrehistory(rows)
  const [first] = known
  if (!first) {
    const last = rows.at(-1)
    return (
      <p className="py-10 text-center text-muted">
        {last ? nullSentence(last) : 'There are no values in this time.'}
      </p>
    )
  }
  const axisDay = choice.id === 'DAY' || choice.id === 'WEEK' ? 'short' : 'month'
  return (
    <div>
      <LineChart
        points={known.map((row) => ({
          value: row.value,
          label: formatDay(row.date, axisDay),
          title: bucketWords(row.date, choice),
          text: valueWords(row),
        }))}
        label={`${name}, ${choice.label.toLowerCase()}`}
        formatTick={(value) => {
          const { figure, unit } = formatFigure(value, first, 'compact')
          return first.unit === 'PERCENT' ? `${figure}${unit}` : figure
        }}
      />
      <Disclosure label="As a table" labelClassName="mt-4 w-fit py-1 font-medium text-muted hover:text-ink">
        <Table name={name} rows={known} choice={choice} />
      </Disclosure>
    </div>
  )
}
