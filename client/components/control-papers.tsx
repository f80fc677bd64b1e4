import { CircleCheck, CircleDashed } from 'lucide-react'
import { Link } from 'wouter'
import type { ControlPapers_PaperFragment } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatDayOf } from '../format/moment.ts'
import { formatCount } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'
import { toneText } from '../ui/tone.ts'
import { conclusionLooks } from './control-words.ts'

type Paper = ControlPapers_PaperFragment

export const paperColumns = 3

export const PaperHead = () => (
  <thead>
    <tr>
      <th scope="col">Working paper</th>
      <th scope="col">Stands</th>
      <th scope="col" className="max-sm:hidden">
        Comes to
      </th>
    </tr>
  </thead>
)

/** "1 exception of 40", "no exception of 40". */
export const exceptionWords = (exceptions: number, population: number): string =>
  `${exceptions === 0 ? 'no' : formatCount(exceptions)} exception${exceptions > 1 ? 's' : ''} of ${formatCount(population)}`

export const Conclusion = ({ conclusion }: Pick<Paper, 'conclusion'>) =>
  conclusion === null ? (
    <span className="text-muted">Open</span>
  ) : (
    <Badge tone={conclusionLooks[conclusion].tone}>{conclusionLooks[conclusion].word}</Badge>
  )

type PaperRowsProps = {
  readonly papers: readonly Paper[]
  readonly timeZone: string
  readonly hrefOf: (id: string) => string
}

/** Working papers: of which test and period, what came out, and who signed. */
export const PaperRows = ({ papers, timeZone, hrefOf }: PaperRowsProps) =>
  papers.map(({ id, run, conclusion, openedAt, openedBy, signedAt, signedBy }) => {
    const Icon = signedAt === null ? CircleDashed : CircleCheck
    return (
      <tr key={id} className="relative hover:bg-sunken has-[a:focus-visible]:bg-sunken">
        <th scope="row" className="w-full max-w-0">
          <Link href={hrefOf(id)} className="block font-medium after:absolute after:inset-0 sm:truncate">
            {run.test.name}
          </Link>
          <span className="figures block text-xs font-normal text-pretty text-muted">
            {formatDay(run.from, 'medium')} to {formatDay(run.to, 'medium')},{' '}
            {exceptionWords(run.exceptionCount, run.population)}
          </span>
        </th>
        <td className="min-w-32 sm:whitespace-nowrap">
          <span className="inline-flex items-start gap-1.5">
            <Icon
              aria-hidden="true"
              className={`mt-0.5 size-4 shrink-0 ${toneText[signedAt === null ? 'idle' : 'well']}`}
              strokeWidth={2.25}
            />
            <span className="max-sm:text-pretty">
              {signedAt === null
                ? `Opened by ${openedBy}, ${formatDayOf(openedAt, timeZone)}`
                : `Signed by ${signedBy?.name ?? 'somebody who was removed'}, ${formatDayOf(signedAt, timeZone)}`}
            </span>
          </span>
          <span className="mt-1 block sm:hidden">
            <Conclusion conclusion={conclusion} />
          </span>
        </td>
        <td className="whitespace-nowrap max-sm:hidden">
          <Conclusion conclusion={conclusion} />
        </td>
      </tr>
    )
  })
