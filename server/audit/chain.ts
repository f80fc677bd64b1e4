/**
 * Checks the audit's chain link by link. What does not fit is told by the row at fault: all that follows it is checked
 * by what it says itself, so that one change gives one finding and not one for each row after it.
 */
import { firstHash, linkHash, type Link } from '../ledger/seal.ts'
import type { AuditFindingKind } from '../schema.generated.ts'

export type Finding = {
  readonly kind: AuditFindingKind
  /** Of the audit row, where it is known. */
  readonly entryId: string | null
  readonly sequence: bigint | null
  readonly message: string
}

/** A seal and what is left of the row that it is of. */
export type SealedRow = Link & {
  readonly hash: string
  /** The hash that the row says it has; null where it is gone. */
  readonly rowHash: string | null
  /** CHANGED: its content is not that of its own hash. OTHER: it is, yet the seal is of another hash. */
  readonly row: 'SOUND' | 'CHANGED' | 'OTHER' | 'GONE'
}

/** Rows that should have a seal and have none, the oldest first. */
export type Orphans = {
  readonly count: number
  /** The first hundred. */
  readonly rows: readonly { readonly id: string; readonly hash: string }[]
}

export type ChainCheck = {
  /** Takes the seals in the order of their numbers. */
  take(seal: SealedRow): void
  /** Call it after the last seal. */
  end(orphans: Orphans): void
}

/** What does not follow from what is before it: judged at the end, when all that may belong there is known. */
type Doubtful = SealedRow & {
  /** Nothing is known of what was before it, since that is missing. */
  readonly afterGap: boolean
  /** The hashes that it may follow. */
  readonly before: readonly string[]
  /** What comes after it follows another hash than it has: it once had another. */
  isDisowned: boolean
}

/** Beyond so many, each is told as it stands: somebody changed the whole of it. */
const DOUBTFUL_MAX = 20
const PLACES_MAX = 50
const GAPS_MAX = 100
/** Of PostgreSQL's bigint. */
const NUMBER_MAX = 2n ** 63n - 1n

type Gap = { readonly first: bigint; readonly last: bigint }

/** `head` is the recorded end of the chain; null where there is none. */
export const createChainCheck = (
  organizationId: string,
  head: { readonly sequence: bigint; readonly hash: string } | null,
  report: (finding: Finding) => void,
): ChainCheck => {
  const end = head?.sequence ?? NUMBER_MAX
  const doubtful: Doubtful[] = []
  const gaps: Gap[] = []
  let moreGaps = 0
  let missing = 0n
  let expected = 1n
  let seals = 0
  /** The number of the last seal up to the recorded end. */
  let last = 0n
  /** Seals that go on beyond it, and fit. */
  let beyond = 0
  /** The hashes that the next seal may follow: more than one after a seal that does not fit. */
  let previous = [firstHash(organizationId)]
  /** The hash of the last seal up to the recorded end, where it fits. */
  let lastHash: string | null = null
  /** Hashes around what is doubtful, by which its true place is found. */
  const known = new Set<string>()

  /** The hash that it would have at that place, with that row, behind a seal of that hash. */
  const hashAs = (seal: SealedRow, place: Partial<Link>) => (before: string) =>
    linkHash(organizationId, before, { ...seal, ...place })

  const doubt = (seal: SealedRow, afterGap: boolean): void => {
    if (doubtful.length < DOUBTFUL_MAX) {
      for (const hash of [...previous, seal.hash]) known.add(hash)
      doubtful.push({ ...seal, afterGap, before: previous, isDisowned: false })
    } else if (afterGap) settle(seal)
    else reportChangedSeal(seal)
  }

  /** What comes after the seal of that number follows this hash. */
  const disown = (sequence: bigint, hash: string | undefined): void => {
    const seal = doubtful.at(-1)
    if (seal?.sequence === sequence && seal.hash !== hash) seal.isDisowned = true
  }

  const skipTo = (sequence: bigint): void => {
    if (gaps.length < GAPS_MAX) for (const hash of previous) known.add(hash)
    // What is missing up to the recorded end is told there.
    if (sequence > end) return
    const gap = { first: expected, last: sequence - 1n }
    missing += sizeOf(gap)
    if (gaps.length < GAPS_MAX) gaps.push(gap)
    else moreGaps += 1
  }

  /** Tells what became of the row of a seal that fits. */
  const settle = ({ row, auditId, sequence }: SealedRow): void => {
    if (row === 'GONE') {
      const message = `The entry with number ${sequence} was sealed and is gone.`
      report({ kind: 'REMOVED', entryId: auditId, sequence, message })
    } else if (row !== 'SOUND') {
      reportChangedRow(auditId, sequence)
    }
  }

  const reportChangedRow = (entryId: string, sequence: bigint): void =>
    report({
      kind: 'CHANGED',
      entryId,
      sequence,
      message: `The entry with number ${sequence} is not what was sealed.`,
    })

  const reportChangedSeal = ({ row, auditId, sequence }: SealedRow, entryId = auditId): void => {
    const message = `The seal with number ${sequence} does not follow from its entry and the seal before it.`
    report({ kind: 'SEAL_CHANGED', entryId: row === 'GONE' ? null : entryId, sequence, message })
    if (row === 'CHANGED') reportChangedRow(auditId, sequence)
  }

  /** Whether it fits, with another place or row if need be, behind any of the hashes known. */
  const fits = (seal: SealedRow, place: Partial<Link> = {}): boolean => {
    const as = hashAs(seal, place)
    return known.values().some((hash) => as(hash) === seal.hash)
  }

  /** The numbers at which something may be missing or in the wrong place. */
  const places = (): bigint[] => {
    const open = gaps.flatMap((gap) => numbersOf(gap, PLACES_MAX))
    const own = doubtful.map(({ sequence }) => sequence)
    const after = head === null ? [] : numbersOf({ first: last + 1n, last: end }, PLACES_MAX)
    return [...new Set([...own, ...open, ...after])].slice(0, PLACES_MAX)
  }

  /** Whether its hash is of another row than it names: that row was changed in it, and its hash was not. */
  const isOfOtherRow = (seal: Doubtful, orphans: Orphans): boolean => {
    const rows = [
      ...orphans.rows.slice(0, DOUBTFUL_MAX).map(({ id, hash }) => ({ auditId: id, auditHash: hash })),
      ...doubtful.map(({ auditId, auditHash }) => ({ auditId, auditHash })),
      ...(seal.rowHash === null ? [] : [{ auditHash: seal.rowHash }]),
    ]
    return rows.some((row) => seal.before.some((hash) => hashAs(seal, row)(hash) === seal.hash))
  }

  /** Says what is wrong with each doubtful seal. Gives the numbers that were found elsewhere, and the rows told of. */
  const judge = (orphans: Orphans) => {
    const candidates = places()
    const placeOf = new Map(
      doubtful.map((seal) => {
        const isInPlace = seal.sequence > 0n && fits(seal)
        return [seal, isInPlace ? seal.sequence : candidates.find((place) => fits(seal, { sequence: place }))]
      }),
    )
    const found = new Set(
      [...placeOf].flatMap(([{ sequence }, place]) => (place === sequence ? [] : (place ?? []))),
    )
    const told = new Set<string>()
    /** Numbers whose true hash is not known any more: what is behind them can only be shown to be wrong by what follows. */
    const lost = new Set<bigint>()
    for (const seal of doubtful) {
      const { sequence, auditId } = seal
      const place = placeOf.get(seal)
      if (place === sequence) {
        if (sequence > end) beyond += 1
        settle(seal)
      } else if (place !== undefined) {
        const message = `The seal with number ${sequence} was made as number ${place}.`
        report({ kind: 'REORDERED', entryId: auditId, sequence, message })
        settle(seal)
        if (!found.has(sequence)) lost.add(sequence)
      } else if (!seal.isDisowned && (seal.afterGap || lost.has(sequence - 1n))) {
        if (sequence > end) beyond += 1
        lost.add(sequence)
        settle(seal)
      } else {
        if (!isOfOtherRow(seal, orphans)) lost.add(sequence)
        const row = orphans.rows.find(({ id }) => fits(seal, { auditId: id }))
        if (row !== undefined) told.add(row.id)
        reportChangedSeal(row === undefined ? seal : { ...seal, row: 'OTHER' }, row?.id)
      }
    }
    return { found, told }
  }

  const reportEnd = (): void => {
    const differs = (message: string, sequence: bigint) =>
      report({ kind: 'HEAD_DIFFERS', entryId: null, sequence, message })
    if (head === null) {
      if (seals > 0) differs('The recorded end of the chain is gone.', last)
    } else if (beyond > 0) {
      differs(`The chain goes on beyond its recorded end, number ${end}.`, end + 1n)
    } else if (last === end && lastHash !== null && lastHash !== head.hash) {
      differs(`The recorded end of the chain, number ${end}, has another hash than its seal.`, end)
    }
  }

  const reportMissing = (found: ReadonlySet<bigint>, orphans: Orphans): void => {
    const truncated = head === null || last >= end ? [] : [{ first: last + 1n, last: end }]
    const unexplained = gaps.flatMap((gap) => without(gap, found))
    const lost = truncated.flatMap((gap) => without(gap, found))
    const explained = sumOf([...gaps, ...truncated]) - sumOf([...unexplained, ...lost])
    const numbers = missing + sumOf(truncated) - explained
    // As many rows without a seal as there are seals missing: each is of one of them, by its place in time.
    const isPaired = numbers === BigInt(orphans.rows.length) && orphans.count === orphans.rows.length
    let taken = 0
    const tell = (kind: 'SEAL_REMOVED' | 'TRUNCATED', gap: Gap, message: string) => {
      const entryId = isPaired ? (orphans.rows[taken]?.id ?? null) : null
      taken += Number(sizeOf(gap))
      report({ kind, entryId, sequence: gap.first, message })
    }
    for (const gap of unexplained)
      tell('SEAL_REMOVED', gap, `${named(gap)} of the chain ${are(gap)} missing.`)
    for (let index = 0; index < moreGaps; index++) {
      report({
        kind: 'SEAL_REMOVED',
        entryId: null,
        sequence: null,
        message: 'More of the chain is missing.',
      })
    }
    for (const gap of lost) {
      const message = `The chain ends at number ${gap.first - 1n}, yet it once went on to ${end}: ${named(gap)} ${are(gap)} gone.`
      tell('TRUNCATED', gap, message)
    }
    if (BigInt(orphans.count) <= numbers) return
    for (let index = 0; index < orphans.count; index++) {
      const message = 'The entry has no seal, although what was recorded at its time is sealed.'
      report({ kind: 'INSERTED', entryId: orphans.rows[index]?.id ?? null, sequence: null, message })
    }
  }

  return {
    take(seal) {
      const { sequence } = seal
      seals += 1
      if (sequence < expected) {
        // 0 or less, or a number twice.
        doubt(seal, false)
        return
      }
      const afterGap = sequence > expected
      if (afterGap) skipTo(sequence)
      expected = sequence + 1n
      if (sequence <= end) last = sequence
      const computed = previous.map(hashAs(seal, {}))
      const isSound = !afterGap && computed.includes(seal.hash)
      if (isSound) disown(sequence - 1n, previous[computed.indexOf(seal.hash)])
      if (sequence <= end) lastHash = isSound || afterGap ? seal.hash : null
      if (isSound) {
        settle(seal)
        if (sequence > end) beyond += 1
      } else {
        doubt(seal, afterGap)
      }
      const byRow = seal.rowHash === null ? [] : previous.map(hashAs(seal, { auditHash: seal.rowHash }))
      previous =
        isSound || afterGap ? [seal.hash] : [...new Set([...ends(computed), ...ends(byRow), seal.hash])]
    },
    end(orphans) {
      if (head !== null && expected === end + 1n && previous.includes(head.hash)) disown(end, head.hash)
      const { found, told } = judge(orphans)
      reportEnd()
      const rows = orphans.rows.filter(({ id }) => !told.has(id))
      reportMissing(found, { count: orphans.count - told.size, rows })
    },
  }
}

/** The first and the last: what follows from the first and from the last that it may follow. */
const ends = <Item>(items: readonly Item[]): Item[] => [...items.slice(0, 1), ...items.slice(-1)]

const sizeOf = ({ first, last }: Gap): bigint => last - first + 1n

const sumOf = (all: readonly Gap[]): bigint => all.reduce((sum, gap) => sum + sizeOf(gap), 0n)

const numbersOf = (gap: Gap, max: number): bigint[] =>
  Array.from(
    { length: Math.max(0, Math.min(Number(sizeOf(gap)), max)) },
    (_, index) => gap.first + BigInt(index),
  )

/** What is left of a gap where some of its numbers were found elsewhere. */
const without = (gap: Gap, found: ReadonlySet<bigint>): Gap[] => {
  const left: Gap[] = []
  let { first } = gap
  for (const number of [...found]
    .filter((each) => each >= gap.first && each <= gap.last)
    .toSorted(byNumber)) {
    if (number > first) left.push({ first, last: number - 1n })
    first = number + 1n
  }
  if (first <= gap.last) left.push({ first, last: gap.last })
  return left
}

const byNumber = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

const named = ({ first, last }: Gap): string =>
  first === last ? `number ${first}` : `the numbers ${first} to ${last}`

const are = ({ first, last }: Gap): string => (first === last ? 'is' : 'are')
