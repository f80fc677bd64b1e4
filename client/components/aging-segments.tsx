import { useState } from 'react'
import { Link } from 'wouter'
import type { AgingSegments_SegmentFragment } from '../documents.generated.ts'
import { formatMoney } from '../format/quantity.ts'
import { Button } from '../ui/button.tsx'
import { AgeBar } from './age-bar.tsx'
import { groupOf } from './kpi-breakdown.tsx'
import type { Dimension } from './question.ts'

const shownFirst = 12

type AgingSegmentsProps = {
  readonly segments: readonly AgingSegments_SegmentFragment[]
  readonly dimension: Dimension
  /** The address of the page with only one value of the dimension. */
  readonly hrefOf: (value: string) => string
}

const totalOf = ({ aging }: AgingSegments_SegmentFragment): number => Number(aging.total.amount)

/** What is open and how old it is by the values of one dimension; each leads to the page of its segment alone. */
export const AgingSegments = ({ segments, dimension, hrefOf }: AgingSegmentsProps) => {
  const [isWhole, setIsWhole] = useState(false)
  const sorted = segments
    .filter((segment) => groupOf(segment, dimension) !== null || totalOf(segment) !== 0)
    .toSorted((a, b) => totalOf(b) - totalOf(a))
  if (sorted.length === 0)
    return (
      <p className="border-t border-line px-4 py-8 text-center text-muted">
        There is nothing in any segment.
      </p>
    )
  const shown = isWhole ? sorted : sorted.slice(0, shownFirst)
  return (
    <div>
      <table className="rows figures">
        <caption className="sr-only">
          Open receivables by {dimension.label.toLowerCase()}, the largest first
        </caption>
        <thead className="sr-only">
          <tr>
            <th scope="col">{dimension.label}</th>
            <th scope="col">Open</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((segment) => {
            const group = groupOf(segment, dimension)
            return (
              <tr
                key={group?.value ?? ''}
                className="relative hover:bg-sunken has-[a:focus-visible]:bg-sunken"
              >
                <th scope="row" className="w-full max-w-0 py-2!">
                  {group ? (
                    <Link
                      href={hrefOf(group.value)}
                      className="block truncate font-medium after:absolute after:inset-0"
                    >
                      {group.name}
                    </Link>
                  ) : (
                    <span className="text-muted">None</span>
                  )}
                  <span className="mt-1 block">
                    <AgeBar buckets={segment.aging.buckets} />
                  </span>
                </th>
                <td className="py-2! text-right! align-middle! font-medium whitespace-nowrap">
                  {formatMoney(segment.aging.total, 'exact')}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {sorted.length > shown.length && (
        <div className="border-t border-line px-4 py-3 sm:px-5">
          <Button onClick={() => setIsWhole(true)}>Show all {sorted.length}</Button>
        </div>
      )}
    </div>
  )
}
