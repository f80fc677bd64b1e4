import { useState } from 'react'
import { Link } from 'wouter'
import { barRangeOf } from '../charts/geometry.ts'
import { SpanBar } from '../charts/span-bar.tsx'
import type { KpiBreakdown_RowFragment } from '../documents.generated.ts'
import { formatQuantity } from '../format/quantity.ts'
import { Button } from '../ui/button.tsx'
import { nullWords } from './null-words.ts'
import type { Dimension } from './question.ts'

type Keyed = Pick<
  KpiBreakdown_RowFragment,
  'documentCurrency' | 'businessUnit' | 'region' | 'channel' | 'productLine' | 'collectorId' | 'collectorName'
>

/** The value of a dimension that a row is of, as a filter takes it and as people read it; null where it has none. */
export const groupOf = (row: Keyed, { dimension }: Dimension): { value: string; name: string } | null => {
  const of = (value: string | null, name = value) => (value === null ? null : { value, name: name ?? value })
  switch (dimension) {
    case 'CURRENCY':
      return of(row.documentCurrency)
    case 'BUSINESS_UNIT':
      return of(row.businessUnit)
    case 'REGION':
      return of(row.region)
    case 'CHANNEL':
      return of(row.channel)
    case 'PRODUCT_LINE':
      return of(row.productLine)
    case 'COLLECTOR':
      return of(row.collectorId, row.collectorName)
  }
}

/** The largest first, unknown ones last. */
export const byValue = (a: { readonly value: number | null }, b: { readonly value: number | null }): number =>
  (b.value ?? Number.NEGATIVE_INFINITY) - (a.value ?? Number.NEGATIVE_INFINITY) || 0

const shownFirst = 12

type KpiBreakdownProps = {
  readonly rows: readonly KpiBreakdown_RowFragment[]
  readonly dimension: Dimension
  /** The address of the page with only one value of the dimension. */
  readonly hrefOf: (value: string) => string
}

/** A KPI by the values of one dimension, as bars; each leads to the page of its segment alone. */
export const KpiBreakdown = ({ rows, dimension, hrefOf }: KpiBreakdownProps) => {
  const [isWhole, setIsWhole] = useState(false)
  // Nothing at all that has no value of the dimension is nobody's.
  const told = rows.filter(
    (row) => groupOf(row, dimension) !== null || (row.value !== null && row.value !== 0),
  )
  if (told.length === 0)
    return (
      <p className="border-t border-line px-4 py-8 text-center text-muted">
        There is nothing in any segment.
      </p>
    )
  const sorted = told.toSorted(byValue)
  const range = barRangeOf(sorted.flatMap(({ value }) => value ?? []))
  const shown = isWhole ? sorted : sorted.slice(0, shownFirst)
  return (
    <div>
      <table className="rows figures">
        <caption className="sr-only">By {dimension.label.toLowerCase()}, the largest first</caption>
        <thead className="sr-only">
          <tr>
            <th scope="col">{dimension.label}</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => {
            const group = groupOf(row, dimension)
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
                  {row.value !== null && (
                    <span className="mt-1 block">
                      <SpanBar
                        from={0}
                        to={row.value}
                        range={range}
                        tone="idle"
                        origin={range[0] < 0 ? 0 : null}
                      />
                    </span>
                  )}
                </th>
                <td className="py-2! text-right! align-middle! whitespace-nowrap">
                  {row.value === null ? (
                    <span className="block min-w-36 text-xs whitespace-normal text-muted">
                      {nullWords(row)}
                    </span>
                  ) : (
                    <span className="font-medium">{formatQuantity(row.value, row, 'whole')}</span>
                  )}
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
