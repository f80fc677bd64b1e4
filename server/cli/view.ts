/** Lists of the API, read at a terminal: whole, and with the words that callers get. */
import { openReader } from '@tidemark/drizzle/transaction.ts'
import { PAGE_SIZE_MAX, type Page } from '../connection.ts'
import type { Context } from '../context.ts'
import { dateAt } from '../domain/calendar.ts'
import { createLoaders } from '../loaders.ts'
import type { Books } from './session.ts'

/** What a list needs of a context. */
export type CliView = Pick<Context, 'reader' | 'organization' | 'now' | 'loaders'>

/** Runs `run` over one view of an organization's data. */
export const inView = async <T>(
  { connection, organization }: Books,
  run: (view: CliView) => Promise<T>,
): Promise<T> => {
  const now = Temporal.Now.instant()
  const reader = openReader(connection, organization.id)
  const today = dateAt(now, organization.timeZone)
  const view = { reader, organization, now, loaders: createLoaders(reader, organization, { now, today }) }
  try {
    return await run(view)
  } finally {
    await reader.close()
  }
}

/** All rows of a list, page by page. */
export const readAll = async <Row>(
  list: (args: { readonly first: number; readonly after: string | null }) => Promise<Page<Row>>,
): Promise<Row[]> => {
  const rows: Row[] = []
  let after: string | null = null
  do {
    const page: Page<Row> = await list({ first: PAGE_SIZE_MAX, after })
    rows.push(...page.nodes)
    after = page.pageInfo.endCursor
  } while (after !== null)
  return rows
}
