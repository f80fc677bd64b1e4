/** Fields of one operation that ask at the same time are answered by the same statements. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { joinNeeds, type Needs } from '../domain/needs.ts'
import { seriesFor } from '../ledger/ages.ts'
import { readRows } from './flow.ts'
import type { Cell, CutCell } from './segments.ts'
import type { CellRow, Sight } from './selection.ts'

/** What is read, of which cells, as known when. */
export type RowsRequest = {
  readonly organizationId: string
  readonly needs: Needs
  readonly cells: readonly CutCell[]
  /** Cells whose money is valued day by day. */
  readonly isForeign: (cell: Cell) => boolean
  readonly sight: Sight
  /** The same is asked for each time that something happens. */
  readonly isRepeated: boolean
}

type Waiting = {
  readonly request: RowsRequest
  readonly answered: PromiseWithResolvers<readonly CellRow[]>
}

const waitingIn = new WeakMap<Tx, Waiting[]>()

/** All that the needs name, and maybe more: rows that others asked for at the same time. */
export function gatherRows(tx: Tx, request: RowsRequest): Promise<readonly CellRow[]> {
  const one: Waiting = { request, answered: Promise.withResolvers() }
  const waiting = waitingIn.get(tx)
  if (waiting !== undefined) waiting.push(one)
  else {
    const all = [one]
    waitingIn.set(tx, all)
    // When all that could ask without waiting for anything has asked.
    process.nextTick(() => {
      waitingIn.delete(tx)
      send(tx, all)
    })
  }
  return one.answered.promise
}

type Joined = { request: RowsRequest; readonly members: Waiting[] }

function send(tx: Tx, waiting: readonly Waiting[]): void {
  const joined: Joined[] = []
  for (const one of waiting) {
    const fits = joined.find(({ request }) => join(request, one.request) !== null)
    if (fits === undefined) joined.push({ request: one.request, members: [one] })
    else {
      fits.request = join(fits.request, one.request) ?? fits.request
      fits.members.push(one)
    }
  }
  readRows(
    tx,
    joined.map(({ request }) => request),
  ).then(
    (answers) => {
      for (const [index, { request, members }] of joined.entries())
        for (const { request: own, answered } of members)
          answered.resolve(asCellsOf(own, request, answers[index] ?? []))
    },
    (error: unknown) => {
      for (const { answered } of waiting) answered.reject(error)
    },
  )
}

/** Both in one, or null: of other cells, as known otherwise, or more to read than one after the other. */
function join(a: RowsRequest, b: RowsRequest): RowsRequest | null {
  const isAlike =
    a.organizationId === b.organizationId &&
    a.isRepeated === b.isRepeated &&
    a.sight.isAsIs === b.sight.isAsIs &&
    a.sight.isAhead === b.sight.isAhead &&
    a.sight.daysOfSegments === b.sight.daysOfSegments &&
    a.sight.knownAt?.epochNanoseconds === b.sight.knownAt?.epochNanoseconds &&
    a.cells.length === b.cells.length &&
    a.cells.every((one, index) => isSameCell(one, b.cells[index], a, b))
  if (!isAlike || isByAge(a) !== isByAge(b)) return null
  const needs = joinNeeds(a.needs, b.needs)
  return needs === null ? null : { ...a, needs }
}

/** Whether series answer for all balances that are asked for; else rows by anchor do, which are many more. */
const isByAge = ({ needs, sight }: RowsRequest): boolean =>
  seriesFor(needs.balances.ages, sight.isAsIs) !== null

const isSameCell = (one: CutCell, other: CutCell | undefined, a: RowsRequest, b: RowsRequest): boolean =>
  other !== undefined &&
  one.cell.currency === other.cell.currency &&
  a.isForeign(one.cell) === b.isForeign(other.cell) &&
  one.cell.segmentIds.length === other.cell.segmentIds.length &&
  one.cell.segmentIds.every((id, index) => id === other.cell.segmentIds[index])

/** Cells are told apart by identity, and each asked with its own. */
function asCellsOf(own: RowsRequest, read: RowsRequest, rows: readonly CellRow[]): readonly CellRow[] {
  if (own.cells === read.cells) return rows
  const ownOf = new Map(read.cells.map(({ cell }, index) => [cell, own.cells[index]?.cell]))
  return rows.flatMap(({ cell, row }) => {
    const itself = ownOf.get(cell)
    return itself === undefined ? [] : [{ cell: itself, row }]
  })
}
