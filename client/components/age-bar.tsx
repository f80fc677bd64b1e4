import { ThinStackedBar } from '../charts/stacked-bar.tsx'
import type { AgeBar_BucketFragment } from '../documents.generated.ts'
import { formatMoney, formatShare } from '../format/quantity.ts'
import { styleOfBucket } from './aging-panel.tsx'

/** The ages of what somebody owes as a thin bar, and in words for those who do not see it. */
export const AgeBar = ({ buckets }: { readonly buckets: readonly AgeBar_BucketFragment[] }) => (
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
