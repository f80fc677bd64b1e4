import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { ThinStackedBar } from '../charts/stacked-bar.tsx'
import type { AgingGroups_AgingFragment } from '../documents.generated.ts'
import { formatMoney, formatShare } from '../format/quantity.ts'
import { styleOfBucket } from './aging-panel.tsx'

/** The ages of one segment as a bar, and in words for those who do not see it. */
export const AgesOfGroup = ({ aging }: { readonly aging: AgingGroups_AgingFragment }) => {
  const { buckets } = aging
  return (
    <>
      <ThinStackedBar
        parts={buckets.map(({ label, share }, index) => ({
          id: label,
          share: share ?? 0,
          style: styleOfBucket(index, buckets.length),
        }))}
      />
      <span className="sr-only">
        {buckets
          .filter(({ share }) => share !== null && share > 0)
          .map(
            ({ label, amount, share }) =>
              `${label}: ${formatMoney(amount, 'whole')}, ${formatShare(share ?? 0)}`,
          )
          .join('; ')}
      </span>
    </>
  )
}

type GroupRowProps = {
  readonly name: string | null
  /** What is open of it. */
  readonly total: { readonly amount: string; readonly currency: string }
  readonly href: string | null
  /** The ages; null until they are known, or where the segment cannot be asked for alone. */
  readonly ages: ReactNode
}

/** One segment: what is open of it, and how old that is. */
export const GroupRow = ({ name, total, href, ages }: GroupRowProps) => (
  <tr className="relative hover:bg-sunken has-[a:focus-visible]:bg-sunken">
    <th scope="row" className="w-full max-w-0 py-2!">
      {href === null ? (
        <span className="block truncate text-muted">{name ?? 'None'}</span>
      ) : (
        <Link href={href} className="block truncate font-medium after:absolute after:inset-0">
          {name}
        </Link>
      )}
      <span className="mt-1 block min-h-3.5">{ages}</span>
    </th>
    <td className="py-2! text-right! font-medium whitespace-nowrap">{formatMoney(total, 'exact')}</td>
  </tr>
)
