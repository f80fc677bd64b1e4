/** What is said of the items of a working paper, and what of it is not kept yet. */
import type {
  ControlItems_ItemFragment,
  ControlItems_MarkFragment,
  ControlMarkInput,
  ControlOutcome,
} from '../documents.generated.ts'

export type ControlItem = ControlItems_ItemFragment
type Mark = ControlItems_MarkFragment

/** As it stands in the fields of an item; without an outcome nothing is said of it. */
export type MarkDraft = { readonly outcome: ControlOutcome | null; readonly note: string }
export type MarkDrafts = Readonly<Record<string, MarkDraft>>

/** The exceptions that were not drawn: each item is looked at once. */
export const notDrawn = (
  exceptions: readonly ControlItem[],
  sample: readonly ControlItem[],
): readonly ControlItem[] => {
  const drawn = new Set(sample.map(({ key }) => key))
  return exceptions.filter(({ key }) => !drawn.has(key))
}

export const markOf = (marks: readonly Mark[], key: string): MarkDraft => {
  const mark = marks.find((mark) => mark.key === key)
  return { outcome: mark?.outcome ?? null, note: mark?.note ?? '' }
}

/** Those that differ from what is kept. A note alone is no outcome, and cannot be kept. */
export const marksToSend = (marks: readonly Mark[], drafts: MarkDrafts): readonly ControlMarkInput[] =>
  Object.entries(drafts).flatMap(([key, { outcome, note }]) => {
    const kept = markOf(marks, key)
    const isSame = kept.outcome === outcome && kept.note === note.trim()
    return outcome === null || isSame ? [] : [{ key, outcome, note: note.trim() || null }]
  })

/** The items with a note that has no outcome yet: keeping them would lose it. */
export const withoutOutcome = (drafts: MarkDrafts): readonly string[] =>
  Object.entries(drafts).flatMap(([key, { outcome, note }]) =>
    outcome === null && note.trim() !== '' ? [key] : [],
  )

/** Of how many drawn items it is said what came of them. */
export const saidCount = (sample: readonly ControlItem[], marks: readonly Mark[]): number => {
  const said = new Set(marks.map(({ key }) => key))
  return sample.filter(({ key }) => said.has(key)).length
}
