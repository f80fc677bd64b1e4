import { StackedBar, Textures, TextureSwatch } from '../charts/stacked-bar.tsx'
import type { AgingPanel_AgingFragment } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatCount, formatMoney, formatShare, unknown } from '../format/quantity.ts'
import { agingBasisWords } from '../format/words.ts'

type Bucket = AgingPanel_AgingFragment['buckets'][number]
type AgingProps = { readonly aging: AgingPanel_AgingFragment }

/** The youngest bucket looks young and the oldest old, however many there are between. */
export const styleOfBucket = (index: number, count: number): number =>
  count <= 1 ? 0 : Math.round((index / (count - 1)) * 4)

const isZero = ({ amount }: Bucket['amount']): boolean => Number(amount) === 0

const BucketRow = ({ bucket, style }: { readonly bucket: Bucket; readonly style: number }) => (
  <tr className="border-t border-line">
    <th scope="row" className="py-1.75 pr-2 text-left font-medium whitespace-nowrap">
      <span className="flex items-center gap-2.5">
        <TextureSwatch style={style} />
        {bucket.label}
      </span>
    </th>
    <td className="py-1.75 pl-2 text-right sm:pl-3 text-muted">{formatCount(bucket.count)}</td>
    <td className="py-1.75 pl-2 text-right sm:pl-3 text-muted">
      {bucket.share === null ? unknown : formatShare(bucket.share)}
    </td>
    <td className="py-1.75 pl-2 text-right sm:pl-3 font-medium whitespace-nowrap">
      {formatMoney(bucket.amount, 'exact')}
    </td>
  </tr>
)

type SumRowProps = {
  readonly label: string
  readonly money: Bucket['amount']
  readonly sign?: '' | '\u2212'
  readonly isStrong?: boolean
}

const SumRow = ({ label, money, sign = '', isStrong = false }: SumRowProps) => (
  <tr className={isStrong ? 'border-t border-line-strong font-semibold' : 'text-muted'}>
    <th
      scope="row"
      colSpan={3}
      className={`py-1 pr-3 text-left ${isStrong ? 'pt-1.75 font-semibold' : 'font-normal'}`}
    >
      {label}
    </th>
    <td className={`py-1 pl-2 text-right sm:pl-3 whitespace-nowrap ${isStrong ? 'pt-1.75' : ''}`}>
      {isZero(money) ? '' : sign}
      {formatMoney(money, 'exact')}
    </td>
  </tr>
)

const Reconciliation = ({ aging }: AgingProps) => (
  <tfoot>
    <SumRow label="Open receivables" money={aging.total} isStrong />
    <SumRow label="Unapplied cash" money={aging.unappliedCash} sign={'\u2212'} />
    <SumRow label="Unapplied credits" money={aging.unappliedCredits} sign={'\u2212'} />
    <SumRow label="Ledger balance" money={aging.ledgerBalance} isStrong />
  </tfoot>
)

/** Open receivables by age: a bar for the eye, and the same as a table that adds up to the ledger. */
export const AgingPanel = ({ aging }: AgingProps) => {
  const count = aging.buckets.length
  return (
    <section aria-labelledby="aging" className="panel px-4 py-4 sm:px-5">
      <Textures />
      <header className="flex flex-wrap items-baseline justify-between gap-x-4">
        <h2 id="aging" className="text-base font-semibold">
          Aging
        </h2>
        <p className="text-xs text-muted">
          as of {formatDay(aging.asOf, 'medium')}, {agingBasisWords[aging.by]}
        </p>
      </header>
      <div className="mt-3">
        <StackedBar
          parts={aging.buckets.map(({ label, share }, index) => ({
            id: label,
            label,
            share: share ?? 0,
            style: styleOfBucket(index, count),
          }))}
        />
      </div>
      <table className="figures mt-3 w-full text-xs sm:text-sm">
        <caption className="sr-only">Open receivables by age</caption>
        <thead className="text-2xs text-faint">
          <tr>
            <th scope="col" className="pb-1 text-left font-normal">
              {agingBasisWords[aging.by].replace(/^d/, 'D')}
            </th>
            <th scope="col" className="pb-1 pl-2 text-right sm:pl-3 font-normal">
              {aging.by === 'DUE_DATE' ? 'Installments' : 'Invoices'}
            </th>
            <th scope="col" className="pb-1 pl-2 text-right sm:pl-3 font-normal">
              Share
            </th>
            <th scope="col" className="pb-1 pl-2 text-right sm:pl-3 font-normal">
              Amount
            </th>
          </tr>
        </thead>
        <tbody>
          {aging.buckets.map((bucket, index) => (
            <BucketRow key={bucket.label} bucket={bucket} style={styleOfBucket(index, count)} />
          ))}
        </tbody>
        <Reconciliation aging={aging} />
      </table>
    </section>
  )
}
