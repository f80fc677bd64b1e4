/** Working papers: a test is kept as it came out, people say what they saw, and one of them signs. */
import { and, eq } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { digestOfParts } from '../digest.ts'
import { decodeId, newUuid } from '../ids.ts'
import { writeAudit, type Author } from '../ledger/audit.ts'
import { conflict, invalid, isProblem, notFound, type Problem } from '../problem.ts'
import { readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type {
  ControlMarkInput,
  OpenControlPaperInput,
  SignControlPaperInput,
  UpdateControlPaperInput,
} from '../schema.generated.ts'
import { isFound, readChoice, runControlTest, type ControlChoice, type ControlFound } from './find.ts'
import type { ControlPaperRow } from '@tidemark/drizzle/rows.ts'
import { controlPaper } from '@tidemark/drizzle/tables/control.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type PaperChanged = Audited & { readonly paperId: string }

/** As the table keeps it. */
export type StoredMark = {
  readonly key: string
  readonly outcome: ControlMarkInput['outcome']
  readonly note: string | null
}

const NOTES_LENGTH_MAX = 10_000
const MARKS_MAX = 2_000
/** Reading a year's population: nobody else waits for it. */
const FIND_MS_MAX = 60_000

type Outcome = PaperChanged | Problem

export const foundOf = ({ found }: Pick<ControlPaperRow, 'found'>): ControlFound => found as ControlFound
export const marksOf = ({ marks }: Pick<ControlPaperRow, 'marks'>): readonly StoredMark[] =>
  marks as readonly StoredMark[]

/** Who writes in a paper, and when. */
export type PaperAuthor = Author & Pick<CommandContext, 'organization' | 'now'>

export async function openControlPaper(
  context: CommandContext,
  input: OpenControlPaperInput,
): Promise<Outcome> {
  const choice = readChoice(input, todayOf(context))
  if (isProblem(choice)) return choice
  return runCommand(context, { action: 'openControlPaper', input, timeoutMs: FIND_MS_MAX }, (tx) =>
    keepPaper(tx, context, choice),
  )
}

/** Only demo data passes `recordedAt`; else the audit has the database's clock. */
export async function keepPaper(
  tx: Tx,
  context: PaperAuthor,
  choice: ControlChoice,
  recordedAt: Temporal.Instant | null = null,
): Promise<Outcome> {
  const { organization, actor, now } = context
  const found = await runControlTest(tx, organization, choice)
  if (!isFound(found)) return found
  const id = newUuid()
  const { test, from, to } = choice
  await tx.insert(controlPaper).values({
    organizationId: organization.id,
    id,
    test,
    periodFrom: from,
    periodTo: to,
    found,
    foundAt: now,
    marks: [],
    openedAt: now,
    openedBy: actor,
  })
  const { seed, population, populationDigest, exceptionCount } = found
  const period = { from: from.toString(), to: to.toString() }
  const after = { test, ...period, seed, population, populationDigest, exceptionCount }
  const record = { action: 'openControlPaper', subject: id, after }
  const audit = await writeAudit(tx, context, record, recordedAt)
  return { paperId: id, audit }
}

export async function updateControlPaper(
  context: CommandContext,
  input: UpdateControlPaperInput,
): Promise<Outcome> {
  const notes = readNotes(input.notes)
  if (isProblem(notes)) return notes
  const marks = readMarks(input.marks ?? [])
  if (isProblem(marks)) return marks
  const { conclusion } = input
  const set = { ...notes, ...(conclusion === undefined ? {} : { conclusion }) }
  if (Object.keys(set).length === 0 && marks.length === 0)
    return invalid([], 'Neither `marks` nor `notes` nor `conclusion` is given')
  return changePaper(context, 'updateControlPaper', input, (paper) => writeIn(paper, set, marks))
}

type Said = Partial<Pick<ControlPaperRow, 'notes' | 'conclusion'>>

/** Items that are left out keep what was said of them. */
export function writeIn(
  paper: ControlPaperRow,
  set: Said,
  marks: readonly StoredMark[],
): PaperChange | Problem {
  const known = new Set(itemsOf(paper).map(({ key }) => key))
  const stranger = marks.findIndex(({ key }) => !known.has(key))
  if (stranger >= 0)
    return notFound(['marks', String(stranger), 'key'], 'The sample and the exceptions have no such item')
  const given = new Set(marks.map(({ key }) => key))
  const kept = marksOf(paper).filter(({ key }) => !given.has(key))
  const after = { ...set, marks: marks.length === 0 ? undefined : marks }
  return { set: { ...set, marks: [...kept, ...marks] }, after }
}

/** The sample and the exceptions, each once. */
const itemsOf = (paper: ControlPaperRow) => {
  const { sample, exceptions } = foundOf(paper)
  return [...new Map([...sample, ...exceptions].map((item) => [item.key, item])).values()]
}

function readNotes(text: string | null | undefined): { readonly notes?: string | null } | Problem {
  if (text === undefined) return {}
  const notes = text?.trim() ?? ''
  if (notes.length > NOTES_LENGTH_MAX)
    return invalid(['notes'], `At most ${NOTES_LENGTH_MAX} characters are kept, not ${notes.length}`)
  // They keep their lines.
  if (/[^\P{Cc}\n\t]/u.test(notes)) return invalid(['notes'], 'It has characters that cannot be seen')
  return { notes: notes === '' ? null : notes }
}

function readMarks(given: readonly ControlMarkInput[]): readonly StoredMark[] | Problem {
  if (given.length > MARKS_MAX)
    return invalid(['marks'], `At most ${MARKS_MAX} are taken at once, not ${given.length}`)
  const marks: StoredMark[] = []
  const keys = new Set<string>()
  for (const [index, { key, outcome, note }] of given.entries()) {
    const path = ['marks', String(index)]
    const read = readText(note, [...path, 'note'], SENTENCE_LENGTH_MAX)
    if ('code' in read) return read
    if (keys.has(key)) return invalid([...path, 'key'], 'It is given twice')
    keys.add(key)
    if (outcome === 'FAILED' && read.text === null)
      return invalid([...path, 'note'], 'Say what was seen where an item failed')
    marks.push({ key, outcome, note: read.text })
  }
  return marks
}

export const signControlPaper = (context: CommandContext, input: SignControlPaperInput): Promise<Outcome> =>
  changePaper(context, 'signControlPaper', input, (paper) => sign(context, paper))

/** Only as who one is: a token has no name to sign with. */
export function sign(
  { actor, now }: Pick<PaperAuthor, 'actor' | 'now'>,
  paper: ControlPaperRow,
): PaperChange | Problem {
  const [kind, personId = ''] = actor.split(':')
  if (kind !== 'member') return invalid(['paper'], 'A working paper is signed by a person who signed in')
  const missing = missingOf(paper)
  if (missing !== null) return invalid(['paper'], missing)
  if (itemsOf(paper).some((item) => item.actor === actor))
    return invalid(['paper'], 'Some of what was drawn is your own doing: somebody else has to sign')
  const digest = digestOf(paper)
  const { conclusion } = paper
  return { set: { signedAt: now, signedBy: personId, digest }, after: { digest, conclusion } }
}

/** What it lacks to be signed; null where that is nothing. */
export function missingOf(paper: ControlPaperRow): string | null {
  if (paper.conclusion === null) return 'It has no conclusion yet'
  const { sample, exceptionCount } = foundOf(paper)
  const marks = new Map(marksOf(paper).map((mark) => [mark.key, mark]))
  const untold = sample.filter(({ key }) => !marks.has(key)).length
  if (untold > 0)
    return `Of ${untold} of the ${sample.length} items of its sample nobody has said what came of it`
  if (exceptionCount > 0 && paper.notes === null)
    return 'It has exceptions: its notes have to say what they come to'
  return null
}

export const digestOf = (paper: ControlPaperRow): string =>
  digestOfParts([
    paper.id,
    paper.test,
    paper.periodFrom.toString(),
    paper.periodTo.toString(),
    paper.foundAt.toString(),
    paper.found,
    paper.marks,
    paper.notes,
    paper.conclusion,
  ])

type ChangeInput = {
  readonly paper: string
  readonly expectedVersion: number
  readonly dryRun: boolean
  readonly idempotencyKey?: string | null | undefined
}

export type PaperChange = {
  readonly set: Partial<
    Pick<ControlPaperRow, 'notes' | 'conclusion' | 'marks' | 'signedAt' | 'signedBy' | 'digest'>
  >
  readonly after: object
}

const changePaper = (
  context: CommandContext,
  action: string,
  input: ChangeInput,
  decide: (paper: ControlPaperRow) => PaperChange | Problem,
): Promise<Outcome> =>
  runCommand(context, { action, input }, async (tx): Promise<Outcome> => {
    const paper = await lockPaper(tx, context.organization.id, input)
    if (isProblem(paper)) return paper
    const change = decide(paper)
    if (isProblem(change)) return change
    return applyChange(tx, context, { action, paper, change })
  })

type Applied = { readonly action: string; readonly paper: ControlPaperRow; readonly change: PaperChange }

/** Only demo data passes `recordedAt`; else the audit has the database's clock. */
export async function applyChange(
  tx: Tx,
  context: PaperAuthor,
  { action, paper, change }: Applied,
  recordedAt: Temporal.Instant | null = null,
): Promise<PaperChanged> {
  await tx
    .update(controlPaper)
    .set({ ...change.set, version: paper.version + 1 })
    .where(isPaper(paper.organizationId, paper.id))
  const record = { action, subject: paper.id, after: change.after }
  const audit = await writeAudit(tx, context, record, recordedAt)
  return { paperId: paper.id, audit }
}

const isPaper = (organizationId: string, id: string) =>
  and(eq(controlPaper.organizationId, organizationId), eq(controlPaper.id, id))

async function lockPaper(
  tx: Tx,
  organizationId: string,
  { paper: id, expectedVersion }: ChangeInput,
): Promise<ControlPaperRow | Problem> {
  const uuid = decodeId('controlPaper', id)
  const [seen] =
    uuid === null ? [] : await tx.select().from(controlPaper).where(isPaper(organizationId, uuid))
  if (seen === undefined) return notFound(['paper'], `There is no working paper with id ${id}`)
  // Row-level security hides from an update what is signed, and so from this lock.
  const [row] = await tx
    .select()
    .from(controlPaper)
    .where(isPaper(organizationId, seen.id))
    .for('no key update')
  if (row === undefined) return invalid(['paper'], 'It is signed: nothing of it can be changed any more')
  return row.version === expectedVersion
    ? row
    : conflict(['expectedVersion'], `The working paper is at version ${row.version} by now`)
}
