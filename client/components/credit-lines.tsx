/** Credit lines against the plan of sales: month by month, and within one by channel, region and product line. */
import { Fragment } from 'react'
import { Link } from 'wouter'
import type { CreditLines_MonthFragment } from '../documents.generated.ts'
import { type Day, formatDay } from '../format/day.ts'
import { formatMoney, unknown } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'

export type PlannedMonth = CreditLines_MonthFragment
type Segment = PlannedMonth['segments'][number]
type Money = PlannedMonth['planned']

const isZero = ({ amount }: Money): boolean => Number(amount) === 0

export const isPlanned = ({ planned, segments }: PlannedMonth): boolean =>
  !isZero(planned) || segments.length > 0

const Amount = ({ money, className = '' }: { readonly money: Money; readonly className?: string }) => (
  <td className={`text-right! whitespace-nowrap ${className}`}>{formatMoney(money, 'whole')}</td>
)

const Shortfall = ({ money }: { readonly money: Money }) => (
  <td className="text-right! whitespace-nowrap">
    {isZero(money) ? (
      <Badge tone="well">Covered</Badge>
    ) : (
      <span className="font-medium text-act">{formatMoney(money, 'whole')}</span>
    )}
  </td>
)

type MonthsTableProps = {
  readonly months: readonly PlannedMonth[]
  /** The first day of the one that is looked into. */
  readonly shown: Day | null
  readonly hrefOf: (month: Day) => string
}

/** What is planned in each month, which credit lines that takes, and what of them is missing. */
export const MonthsTable = ({ months, shown, hrefOf }: MonthsTableProps) => (
  <table className="rows figures">
    <caption className="sr-only">Months of the plan of sales</caption>
    <thead>
      <tr>
        <th scope="col">Month</th>
        <th scope="col" className="text-right!">
          Planned revenue
        </th>
        <th scope="col" className="text-right! max-sm:hidden">
          Credit lines needed
        </th>
        <th scope="col" className="text-right!">
          Shortfall
        </th>
      </tr>
    </thead>
    <tbody>
      {months.map((one) => (
        <tr
          key={one.month}
          className={`relative hover:bg-sunken has-[a:focus-visible]:bg-sunken ${one.month === shown ? 'bg-sunken' : ''}`}
        >
          <th scope="row" className="w-full max-w-0">
            <Link
              href={hrefOf(one.month)}
              replace
              aria-current={one.month === shown ? 'true' : undefined}
              className="block font-medium after:absolute after:inset-0"
            >
              {formatDay(one.month, 'month')}
            </Link>
          </th>
          {isPlanned(one) ? (
            <>
              <Amount money={one.planned} />
              <Amount money={one.needed} className="max-sm:hidden" />
              <Shortfall money={one.shortfall} />
            </>
          ) : (
            <>
              <td className="text-right! whitespace-nowrap text-muted">Nothing planned</td>
              <td className="text-right! text-muted max-sm:hidden">{unknown}</td>
              <td className="text-right! text-muted">{unknown}</td>
            </>
          )}
        </tr>
      ))}
    </tbody>
  </table>
)

/** "Wholesale, North"; what rows do not tell apart is all of it. */
const segmentName = ({ channel, region }: Segment): string =>
  [channel ?? 'All channels', region ?? 'all regions'].join(', ')

type SegmentProps = { readonly segment: Segment; readonly withLines: boolean }

const SegmentRows = ({ segment, withLines }: SegmentProps) => {
  const { planned, needed, exposure, headroom, shortfall, lines } = segment
  const hasLines = withLines && (lines.length > 1 || lines.some(({ productLine }) => productLine !== null))
  return (
    <Fragment>
      <tr>
        <th scope="row" className="w-full max-w-0 min-w-28 font-medium! wrap-anywhere">
          {segmentName(segment)}
          <span className="block text-xs font-normal text-muted lg:hidden">
            <span className="sm:hidden">{formatMoney(needed, 'whole')} needed, </span>
            {formatMoney(exposure, 'whole')} in use, {formatMoney(headroom, 'whole')} headroom
          </span>
        </th>
        <Amount money={planned} className="max-sm:hidden" />
        <Amount money={needed} className="max-sm:hidden" />
        <Amount money={exposure} className="max-lg:hidden" />
        <Amount money={headroom} className="max-lg:hidden" />
        <Shortfall money={shortfall} />
      </tr>
      {hasLines &&
        lines.map((line) => (
          <tr key={line.productLine ?? ''} className="text-xs text-muted">
            <th scope="row" className="pl-8! wrap-anywhere">
              {line.productLine ?? 'Other product lines'}
              <span className="block sm:hidden">{formatMoney(line.needed, 'whole')} needed</span>
            </th>
            <Amount money={line.planned} className="max-sm:hidden" />
            <Amount money={line.needed} className="max-sm:hidden" />
            <td className="text-right! max-lg:hidden">{unknown}</td>
            <td className="text-right! max-lg:hidden">{unknown}</td>
            <td className="text-right! whitespace-nowrap">
              {isZero(line.shortfall) ? '' : formatMoney(line.shortfall, 'whole')}
            </td>
          </tr>
        ))}
    </Fragment>
  )
}

type SegmentsTableProps = {
  readonly month: PlannedMonth
  /** Whether each segment is followed by its product lines. */
  readonly withLines: boolean
}

/** A month by channel and region; the greatest shortfall stands first. */
export const SegmentsTable = ({ month, withLines }: SegmentsTableProps) => (
  <table className="rows figures">
    <caption className="sr-only">{formatDay(month.month, 'month')} by channel and region</caption>
    <thead>
      <tr>
        <th scope="col">Segment</th>
        <th scope="col" className="text-right! max-sm:hidden">
          Planned revenue
        </th>
        <th scope="col" className="text-right! max-sm:hidden">
          Needed
        </th>
        <th scope="col" className="text-right! max-lg:hidden">
          In use
        </th>
        <th scope="col" className="text-right! max-lg:hidden">
          Headroom
        </th>
        <th scope="col" className="text-right!">
          Shortfall
        </th>
      </tr>
    </thead>
    <tbody>
      {month.segments.map((segment) => (
        <SegmentRows
          key={JSON.stringify([segment.channel, segment.region])}
          segment={segment}
          withLines={withLines}
        />
      ))}
    </tbody>
  </table>
)
