/** What KPIs would be had something not happened: by sums where these tell it, else by the items that it happened to. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { BookRow } from '../domain/book.ts'
import { dayOf, type Day } from '../domain/day.ts'
import { unknown } from '../domain/formulas.ts'
import { putBack, type GoalGuard } from '../domain/goal-guards.ts'
import type { KpiDefinition } from '../domain/kpi.ts'
import { isUndoable } from '../domain/undo.ts'
import type { Ask } from './answer.ts'
import type { Group } from './segments.ts'
import { readUndone, type UndoneRow, type Wanted } from './undone.ts'

/** What a guard counts, since the end of a day. */
export type PutBack = { readonly guard: GoalGuard; readonly since: Temporal.PlainDate }

/** What is to be thought away, and how that is done. */
export type Without = {
  readonly guard: GoalGuard
  readonly since: Day
  readonly by: KpiDefinition | 'BY_ITEM' | null
}

/** Of an ask of one point. */
export function withoutOf(
  back: PutBack | undefined,
  { definition, conventions, points }: Ask,
): Without | null {
  const [point] = points
  if (back === undefined || point === undefined) return null
  const since = dayOf(back.since)
  return { guard: back.guard, since, by: putBack(definition, back.guard, { since, point, conventions }) }
}

type AskedWithout = { readonly ask: Ask; readonly without: Without | null }

/** The asks as they are to be asked then: of other definitions, or of groups with other rows. */
export async function askedWithout(
  tx: Tx,
  organizationId: string,
  asked: readonly AskedWithout[],
  isRepeated: boolean,
): Promise<Ask[]> {
  const wanted = asked.flatMap(({ without }) => (without?.by === 'BY_ITEM' ? wantedOf(without) : []))
  const undone = await readUndone(tx, { organizationId, wanted, isRepeated })
  // Asks of the same group without the same are answered by one book.
  const groups = new Map<Group, Map<string, Group | null>>()
  const groupWithout = (group: Group, one: Wanted): Group | null => {
    const own = groups.get(group) ?? new Map<string, Group | null>()
    groups.set(group, own)
    const name = `${one.guard} ${one.since}`
    const found = own.get(name)
    if (found !== undefined) return found
    const rows = undone(one)
    const made = rows === null ? null : { ...group, besides: { group, rows: rowsWithin(group, rows) } }
    own.set(name, made)
    return made
  }
  return asked.map(({ ask, without }) => {
    if (without === null) return ask
    const { by } = without
    if (by === null) return { ...ask, definition: withoutValue(ask.definition) }
    if (by !== 'BY_ITEM') return { ...ask, definition: by }
    const [one] = wantedOf(without)
    const within = ask.groups.flatMap((group) => (one && groupWithout(group, one)) ?? [])
    return within.length < ask.groups.length
      ? { ...ask, definition: withoutValue(ask.definition) }
      : { ...ask, groups: within }
  })
}

const wantedOf = ({ guard, since }: Without): Wanted[] => (isUndoable(guard) ? [{ guard, since }] : [])

function rowsWithin({ segments, customerIds }: Group, rows: readonly UndoneRow[]): BookRow[] {
  const within = new Set(segments.map(({ id }) => id))
  const isOf = ({ segmentId, customerId }: UndoneRow) =>
    within.has(segmentId) && (customerIds?.includes(customerId) ?? true)
  return rows.filter(isOf).map(({ row }) => row)
}

const withoutValue = (definition: KpiDefinition): KpiDefinition => ({
  ...definition,
  inputs: () => ({}),
  compute: () => unknown('NOT_CONFIGURED'),
})
