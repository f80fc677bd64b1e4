import { ChevronRight, Monitor, Server, Sparkles, UserRound, KeyRound, type LucideIcon } from 'lucide-react'
import { useId, useState } from 'react'
import { Link } from 'wouter'
import type { AuditActorKind, AuditList_EntryFragment } from '../documents.generated.ts'
import { agentWords } from '../format/agent.ts'
import { actionWord, subjectKind } from '../format/audit-words.ts'
import { formatSecond } from '../format/moment.ts'
import { formatCount } from '../format/quantity.ts'
import { CopyButton } from '../ui/copy-button.tsx'
import { DifferenceTable } from './difference-table.tsx'
import { actorKindWords } from './audit-filter.ts'

export type ListedEntry = AuditList_EntryFragment

const actorIcons = {
  MEMBER: UserRound,
  TOKEN: KeyRound,
  TERMINAL: Monitor,
  DEMO: Sparkles,
  SYSTEM: Server,
} as const satisfies Record<AuditActorKind, LucideIcon>

type EntryProps = {
  readonly entry: ListedEntry
  readonly timeZone: string
  /** The address of the log with only what fits. */
  readonly hrefWith: (parameter: 'actor' | 'subject', value: string) => string
}

const linkClass = 'rounded-sm font-medium text-accent underline-offset-4 hover:underline'

const Fact = ({ term, children }: { readonly term: string; readonly children: React.ReactNode }) => (
  <div className="min-w-0">
    <dt className="text-2xs text-faint">{term}</dt>
    <dd className="figures text-xs wrap-anywhere">{children}</dd>
  </div>
)

const Proof = ({ entry: { id, hash, seal } }: Pick<EntryProps, 'entry'>) => (
  <div className="mt-4 flex flex-wrap items-end justify-between gap-3 border-t border-line pt-3">
    <dl className="grid min-w-0 flex-1 basis-72 gap-3">
      <Fact term="Hash">
        <span className="font-mono text-2xs">{hash}</span>
      </Fact>
      <Fact term="Seal">
        {seal ? `No. ${formatCount(Number(seal.sequence))} of the chain` : 'Within the next second'}
      </Fact>
    </dl>
    <CopyButton text={`${id} ${hash}`} what="the receipt" className="h-8 px-2.5 text-xs" />
  </div>
)

const Details = ({ entry, timeZone, hrefWith }: EntryProps) => {
  const { actor, subject, reason, origin, requestId, recordedAt } = entry
  return (
    <div className="rounded-md border border-line bg-page px-3 py-3 sm:px-4">
      {reason !== null && <p className="mb-3 text-pretty">“{reason}”</p>}
      <DifferenceTable before={entry.before} after={entry.after} timeZone={timeZone} />
      <dl className="mt-4 grid gap-x-6 gap-y-3 border-t border-line pt-3 sm:grid-cols-2 lg:grid-cols-4">
        <Fact term="When">
          <time dateTime={recordedAt}>{formatSecond(recordedAt, timeZone)}</time>
          <span className="block text-2xs text-muted">{recordedAt}</span>
        </Fact>
        <Fact term="From">
          {origin ? (
            <>
              {origin.address ?? 'the server itself'}
              {origin.agent !== null && (
                <span className="block text-muted" title={origin.agent}>
                  {agentWords(origin.agent)}
                </span>
              )}
            </>
          ) : (
            <span className="text-muted">unknown or erased</span>
          )}
        </Fact>
        <Fact term="Request">{requestId ?? <span className="text-muted">none</span>}</Fact>
        <Fact term="Show only">
          <Link href={hrefWith('actor', actor.actorId ?? actor.kind)} className={linkClass}>
            {actor.actorId === null ? actorKindWords[actor.kind] : actor.name}
          </Link>
          <span className="text-muted"> · </span>
          <Link href={hrefWith('subject', subject)} className={linkClass}>
            this {subjectKind(subject).toLowerCase()}
          </Link>
        </Fact>
      </dl>
      <Proof entry={entry} />
    </div>
  )
}

const Entry = (props: EntryProps) => {
  const [isOpen, setIsOpen] = useState(false)
  const detailsId = useId()
  const { entry, timeZone } = props
  const { actor, action, subject, subjectName, recordedAt } = entry
  const Icon = actorIcons[actor.kind]
  return (
    <>
      <tr className="relative hover:bg-sunken has-[button:focus-visible]:bg-sunken">
        <th scope="row" className="w-full max-w-0">
          <button
            type="button"
            aria-expanded={isOpen}
            aria-controls={isOpen ? detailsId : undefined}
            onClick={() => setIsOpen(!isOpen)}
            className="flex w-full min-w-0 items-baseline gap-2 text-left after:absolute after:inset-0"
          >
            <ChevronRight
              aria-hidden="true"
              className={`size-3.5 shrink-0 self-center text-faint transition-transform ${isOpen ? 'rotate-90' : ''}`}
            />
            <span className="min-w-0">
              <span className="font-medium">{actionWord(action)}</span>{' '}
              <span className="text-muted wrap-anywhere">
                {subjectName ?? subjectKind(subject).toLowerCase()}
              </span>
              <span className="figures block text-xs text-muted sm:hidden">
                {actor.name}, {formatSecond(recordedAt, timeZone)}
              </span>
            </span>
          </button>
        </th>
        <td className="max-w-48 max-sm:hidden">
          <span className="flex min-w-0 items-baseline gap-2">
            <Icon aria-hidden="true" className="size-3.5 shrink-0 self-center text-faint" />
            <span className="truncate">{actor.name}</span>
            <span className="sr-only">({actorKindWords[actor.kind]})</span>
          </span>
        </td>
        <td className="figures whitespace-nowrap text-muted max-sm:hidden">
          <time dateTime={recordedAt}>{formatSecond(recordedAt, timeZone)}</time>
        </td>
      </tr>
      {isOpen && (
        <tr id={detailsId} className="border-t-0!">
          <td colSpan={3} className="pt-0! pb-3! sm:pr-4!">
            <Details {...props} />
          </td>
        </tr>
      )}
    </>
  )
}

type AuditRowsProps = Omit<EntryProps, 'entry'> & { readonly entries: readonly ListedEntry[] }

export const AuditRows = ({ entries, ...rest }: AuditRowsProps) =>
  entries.map((entry) => <Entry key={entry.id} entry={entry} {...rest} />)

export const AuditHead = () => (
  <thead>
    <tr>
      <th scope="col">What</th>
      <th scope="col" className="max-sm:hidden">
        Who
      </th>
      <th scope="col" className="max-sm:hidden">
        When
      </th>
    </tr>
  </thead>
)
