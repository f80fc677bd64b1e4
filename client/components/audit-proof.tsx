import { ShieldCheck } from 'lucide-react'
import type { AuditProof_HeadFragment, AuditProof_VerificationFragment } from '../documents.generated.ts'
import { formatSecond, formatSince } from '../format/moment.ts'
import { formatCount } from '../format/quantity.ts'
import { CopyButton } from '../ui/copy-button.tsx'
import { Notice } from '../ui/notice.tsx'
import { noteOf } from './noted.ts'

type HeadLineProps = {
  /** Null before the first seal. */
  readonly head: AuditProof_HeadFragment | null
  /** An instant in ms. */
  readonly now: number
}

/** Where the chain ends, and the way to note it down. */
export const HeadLine = ({ head, now }: HeadLineProps) => (
  <div className="flex min-w-0 flex-1 basis-72 items-center gap-3">
    <ShieldCheck aria-hidden="true" className="size-5 shrink-0 text-accent" />
    {head ? (
      <div className="min-w-0">
        <p className="figures">
          Sealed up to no. <span className="font-semibold">{formatCount(Number(head.sequence))}</span>
          <span className="text-muted">, {formatSince(head.sealedAt, now)}</span>
        </p>
        <p className="truncate font-mono text-2xs text-muted" title={head.hash}>
          {head.hash}
        </p>
      </div>
    ) : (
      <p className="text-muted">Nothing is sealed yet.</p>
    )}
  </div>
)

export const CopyHead = ({ head }: { readonly head: AuditProof_HeadFragment }) => (
  <CopyButton text={noteOf(head)} what="the head" />
)

const durationWords = (ms: number): string =>
  ms < 1000 ? `${formatCount(ms)} ms` : `${formatCount(Math.round(ms / 100) / 10)} s`

type VerificationProps = {
  readonly verification: AuditProof_VerificationFragment
  /** How much of what was noted down was compared. */
  readonly compared: number
  readonly timeZone: string
}

const findingWords = {
  CHANGED: 'Changed',
  REMOVED: 'Removed',
  INSERTED: 'Put in',
  REORDERED: 'Moved',
  SEAL_CHANGED: 'Seal changed',
  SEAL_REMOVED: 'Seal removed',
  TRUNCATED: 'Cut off',
  UNSEALED: 'Unsealed',
  RECEIPT_UNKNOWN: 'Receipt unknown',
  HEAD_DIFFERS: 'Head differs',
} as const satisfies Record<AuditProof_VerificationFragment['findings'][number]['kind'], string>

const Intact = ({ verification, compared }: Omit<VerificationProps, 'timeZone'>) => (
  <>
    <p className="font-semibold">The log is intact.</p>
    <p>
      {formatCount(verification.entries)} entries and {formatCount(verification.sealed)} seals were
      recomputed, and every one is what it was when it was sealed.
      {compared > 0 && ` What you noted down (${formatCount(compared)}) fits.`}
      {verification.unsealed > 0 &&
        ` ${formatCount(verification.unsealed)} of the last second wait for their seal.`}
    </p>
  </>
)

const Broken = ({ verification: { findings, findingCount } }: Pick<VerificationProps, 'verification'>) => (
  <>
    <p className="font-semibold">
      {findingCount === 1 ? 'One thing does not fit.' : `${formatCount(findingCount)} things do not fit.`}
    </p>
    <ul className="mt-2 grid gap-2 text-ink">
      {findings.map(({ kind, entryId, sequence, message }) => (
        <li key={`${kind} ${entryId} ${sequence} ${message}`} className="text-pretty">
          <span className="font-semibold text-act">{findingWords[kind]}</span>
          {sequence !== null && <span className="figures"> · no. {formatCount(Number(sequence))}</span>}
          <span className="block">{message}</span>
          {entryId !== null && <span className="block font-mono text-2xs wrap-anywhere">{entryId}</span>}
        </li>
      ))}
    </ul>
    {findingCount > findings.length && (
      <p className="mt-2">The first {formatCount(findings.length)} are shown.</p>
    )}
  </>
)

/** What the check found, in words. */
export const Verification = ({ verification, compared, timeZone }: VerificationProps) => (
  <Notice tone={verification.isIntact ? 'well' : 'act'}>
    {verification.isIntact ? (
      <Intact verification={verification} compared={compared} />
    ) : (
      <Broken verification={verification} />
    )}
    <p className="figures mt-1 text-xs">
      {formatSecond(verification.checkedAt, timeZone)}, in {durationWords(verification.tookMs)}
    </p>
  </Notice>
)
