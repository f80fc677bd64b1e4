/** Working papers of the demo's controller: one that was signed, and one that is being worked on. */
import { readChoice } from '../control/find.ts'
import {
  applyChange,
  foundOf,
  keepPaper,
  sign,
  writeIn,
  type PaperAuthor,
  type PaperChange,
  type StoredMark,
} from '../control/papers.ts'
import type { ControlTestId } from '../domain/control-test.ts'
import { dateOf, type Day } from '../domain/day.ts'
import { isProblem, type Problem } from '../problem.ts'
import type { PersonName } from './company.ts'
import { authorOf, workdayOf, type CreditDesk } from './credit-desk.ts'
import type { ControlPaperRow } from '@tidemark/drizzle/rows.ts'
import { controlPaper } from '@tidemark/drizzle/tables/control.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { and, eq } from 'drizzle-orm'

/** Decides on nothing that is drawn, and so may sign. */
const TESTER: PersonName = 'Marcus Adeyemi'

type Opened = {
  readonly test: ControlTestId
  /** Days before today. */
  readonly from: number
  readonly to: number
  readonly openedAgo: number
}

/** Papers are listed by their ids, which grow: the one that was opened first comes first. */
export async function setDemoControls(tx: Tx, desk: CreditDesk): Promise<void> {
  await signedPaper(tx, desk)
  await openPaper(tx, desk)
}

/** Of half a year: each limit has a reason, and the papers behind those that were drawn are there. */
async function signedPaper(tx: Tx, desk: CreditDesk): Promise<void> {
  const paper = await open(tx, desk, { test: 'LIMITS_WITHOUT_REASON', from: 220, to: 40, openedAgo: 38 })
  const marks = foundOf(paper).sample.map(({ key }): StoredMark => ({
    key,
    outcome: 'PASSED',
    note: 'Annual accounts and the note of the decision are in the file',
  }))
  const notes = 'All limits of the period have a reason. Those that were drawn agree with the files.'
  const said = await change(tx, desk, paper, {
    action: 'updateControlPaper',
    ago: 37,
    decide: (row) => writeIn(row, { notes, conclusion: 'EFFECTIVE' }, marks),
  })
  await change(tx, desk, said, {
    action: 'signControlPaper',
    ago: 35,
    decide: (row, author) => sign(author, row),
  })
}

/** Of the last weeks: orders went out against the credit, and of most that were drawn nobody has said what came of it. */
async function openPaper(tx: Tx, desk: CreditDesk): Promise<void> {
  const paper = await open(tx, desk, { test: 'RELEASES_OVER_LIMIT', from: 33, to: 6, openedAgo: 5 })
  const { sample, exceptions } = foundOf(paper)
  const passed = sample
    .filter(({ finding }) => finding === null)
    .slice(0, 7)
    .map(({ key }): StoredMark => ({ key, outcome: 'PASSED', note: null }))
  const failed = exceptions.slice(0, 2).map(({ key }): StoredMark => ({
    key,
    outcome: 'FAILED',
    note: 'Sales agreed by telephone; nobody of credit wrote it down',
  }))
  if (passed.length + failed.length === 0) return
  const notes = 'Asked Daniel Ortega for the e-mails in which payment was announced.'
  await change(tx, desk, paper, {
    action: 'updateControlPaper',
    ago: 3,
    decide: (row) => writeIn(row, { notes }, [...passed, ...failed]),
  })
}

const authorOn = (desk: CreditDesk, on: Day): PaperAuthor => ({
  ...authorOf(desk, TESTER),
  now: desk.momentOf(on),
})

async function open(
  tx: Tx,
  desk: CreditDesk,
  { test, from, to, openedAgo }: Opened,
): Promise<ControlPaperRow> {
  const on = workdayOf(desk, openedAgo)
  const period = { from: dateOf(desk.today - from), to: dateOf(desk.today - to) }
  const choice = done(readChoice({ test, ...period }, dateOf(on)))
  const author = authorOn(desk, on)
  const { paperId } = done(await keepPaper(tx, author, choice, author.now))
  return read(tx, desk, paperId)
}

type Changing = {
  readonly action: string
  readonly ago: number
  readonly decide: (paper: ControlPaperRow, author: PaperAuthor) => PaperChange | Problem
}

async function change(
  tx: Tx,
  desk: CreditDesk,
  paper: ControlPaperRow,
  { action, ago, decide }: Changing,
): Promise<ControlPaperRow> {
  const author = authorOn(desk, workdayOf(desk, ago))
  const decided = done(decide(paper, author))
  await applyChange(tx, author, { action, paper, change: decided }, author.now)
  return read(tx, desk, paper.id)
}

async function read(tx: Tx, { organization }: CreditDesk, id: string): Promise<ControlPaperRow> {
  const where = and(eq(controlPaper.organizationId, organization.id), eq(controlPaper.id, id))
  const [row] = await tx.select().from(controlPaper).where(where)
  if (row === undefined) throw new Error('The working paper was not kept')
  return row
}

function done<Value extends object>(outcome: Value | Problem): Value {
  if (isProblem(outcome)) throw new Error(`The demo's working paper: ${outcome.message}`)
  return outcome
}
