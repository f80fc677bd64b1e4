/** Which tests and working papers there are. */
import { and, eq, isNotNull, isNull } from 'drizzle-orm'
import type { Page, SortKey } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import {
  CONTROL_TESTS,
  controlTestTexts,
  type ControlTestId,
  type ControlTestText,
} from '../domain/control-test.ts'
import { badUserInput } from '../errors.ts'
import { decodeId } from '../ids.ts'
import { listRows } from '../list.ts'
import { isProblem } from '../problem.ts'
import type { QueryControlPapersArgs, QueryControlTestArgs } from '../schema.generated.ts'
import { isFound, readChoice, runControlTest, type ControlFound } from './find.ts'
import { foundOf } from './papers.ts'
import type { ControlPaperRow } from '@tidemark/drizzle/rows.ts'
import { controlPaper } from '@tidemark/drizzle/tables/control.ts'

export type ControlTestShown = ControlTestText & { readonly id: ControlTestId }

export type ControlRunShown = ControlFound & {
  readonly test: ControlTestId
  readonly from: Temporal.PlainDate
  readonly to: Temporal.PlainDate
  readonly knownAt: Temporal.Instant
}

export const controlTestOf = (id: ControlTestId): ControlTestShown => ({ id, ...controlTestTexts[id] })

export const listControlTests = (): ControlTestShown[] => CONTROL_TESTS.map(controlTestOf)

/** Throws BAD_USER_INPUT where it cannot be run. */
export async function runNow(
  context: Context,
  { id: test, ...given }: QueryControlTestArgs,
): Promise<ControlRunShown> {
  const { reader, organization, now } = context
  const choice = readChoice({ ...given, test }, todayOf(context))
  if (isProblem(choice)) throw badUserInput(`${choice.path.join('.')}: ${choice.message}`)
  const found = await reader.read((tx) => runControlTest(tx, organization, choice))
  if (!isFound(found)) throw badUserInput(`${found.path.join('.')}: ${found.message}`)
  const { from, to } = choice
  return { ...found, test, from, to, knownAt: now }
}

export const runOf = (paper: ControlPaperRow): ControlRunShown => ({
  ...foundOf(paper),
  test: paper.test as ControlTestId,
  from: paper.periodFrom,
  to: paper.periodTo,
  knownAt: paper.foundAt,
})

const latestFirst: SortKey<ControlPaperRow>[] = [
  { name: 'ID', column: controlPaper.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]

export function listPapers(
  { reader, organization }: Context,
  { test, isSigned, ...args }: QueryControlPapersArgs,
): Promise<Page<ControlPaperRow>> {
  const { signedAt } = controlPaper
  const where = and(
    eq(controlPaper.organizationId, organization.id),
    test ? eq(controlPaper.test, test) : undefined,
    isSigned == null ? undefined : isSigned ? isNotNull(signedAt) : isNull(signedAt),
  )
  return listRows(reader, { table: controlPaper, keys: latestFirst, where }, args)
}

export async function findPaper(
  { reader, organization }: Context,
  id: string,
): Promise<ControlPaperRow | null> {
  const uuid = decodeId('controlPaper', id)
  if (uuid === null) return null
  const [row] = await reader.read((tx) =>
    tx
      .select()
      .from(controlPaper)
      .where(and(eq(controlPaper.organizationId, organization.id), eq(controlPaper.id, uuid))),
  )
  return row ?? null
}
