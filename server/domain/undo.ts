/** An item as it would be had something not happened to it since a day: what guards of goals are told by. */
import type { Day } from './day.ts'
import type { Entry, EntryKind } from './invoice.ts'
import type { History } from './projection.ts'

/** What can be undone, by the entries that it begins with; those of credit notes are on the credit note. */
export const undoableKinds = {
  RE_DATED: 'RE_DATED',
  WRITTEN_OFF: 'WRITTEN_OFF',
  CREDITED: 'CREDITED',
  DISCOUNTED: 'DISCOUNTED',
  ADJUSTED: 'ADJUSTED',
} as const satisfies Record<string, EntryKind>

export type Undoable = keyof typeof undoableKinds

export const isUndoable = (guard: string): guard is Undoable => Object.hasOwn(undoableKinds, guard)

export type Undoing = {
  readonly guard: Undoable
  /** What happened by the end of this day stays. */
  readonly since: Day
  /** The credit notes that were not issued then. */
  readonly isUndone: (creditNoteId: string) => boolean
}

/** The history without it. Whatever else happened to the item still did. */
export function undo<Undone extends History>(history: Undone, { guard, since, isUndone }: Undoing): Undone {
  const { entries, kind } = history
  switch (guard) {
    case 'RE_DATED':
    case 'DISCOUNTED':
    case 'ADJUSTED':
      return { ...history, entries: entries.filter((one) => one.kind !== guard || one.effectiveOn <= since) }
    case 'WRITTEN_OFF':
      return { ...history, entries: withoutWriteOffs(entries, since) }
    case 'CREDITED':
      if (kind === 'CREDIT_NOTE') {
        const isIssued = entries.some((one) => one.kind === 'CREDITED' && one.effectiveOn <= since)
        return isIssued ? history : { ...history, entries: [] }
      }
      return {
        ...history,
        entries: entries.filter(
          (one) =>
            one.kind !== 'CREDIT_APPLIED' || one.counterpartId === null || !isUndone(one.counterpartId),
        ),
      }
  }
}

/** What was not given up need not come back: of recoveries there is left what had been given up before. */
function withoutWriteOffs(entries: readonly Entry[], since: Day): Entry[] {
  const undone = new Map<number, bigint>()
  return entries
    .toSorted((a, b) => a.effectiveOn - b.effectiveOn)
    .flatMap((one) => {
      const left = undone.get(one.installment) ?? 0n
      if (one.kind === 'WRITTEN_OFF' && one.effectiveOn > since) {
        undone.set(one.installment, left - one.amount)
        return []
      }
      if (one.kind !== 'RECOVERED' || left <= 0n) return [one]
      const less = one.amount < left ? one.amount : left
      undone.set(one.installment, left - less)
      return less === one.amount ? [] : [{ ...one, amount: one.amount - less }]
    })
}
