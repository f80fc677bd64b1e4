/** A file changes nothing that the authority matrix lets nobody change alone. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { setAuthorityMatrix } from '@tidemark/server/approval/matrix.ts'
import { importInvoices } from '@tidemark/server/imports/commands.ts'
import { loadMapping } from '@tidemark/server/imports/mapping.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let connection: Connection
let organization: OrganizationRow
let folder: string
beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: 3 })
  folder = await mkdtemp(join(tmpdir(), 'tidemark-governed-'))
  const input = { slug: 'books', name: 'Books', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
  const made = await createOrganization(connection, input, 'test')
  if (isProblem(made)) throw new Error(made.message)
  organization = made
})
afterAll(async () => {
  await connection.close()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

const now = Temporal.Instant.from('2026-06-30T12:00:00Z')
const context = () => ({ connection, organization, actor: 'terminal', now, posted: () => {} })

const file = () => join(folder, 'books.csv')
const rejected = () => readFile(join(folder, 'books.rejected.csv'), 'utf8')

/** Each row: number, due date and amount. */
async function load(rows: readonly (readonly [string, string, string])[], partial = false, dryRun = false) {
  const lines = rows.map(([number, dueOn, amount]) => `C1,First,${number},2026-06-01,${dueOn},${amount},USD`)
  const header = 'customer_number,customer_name,invoice_number,issued_on,due_on,amount,currency'
  await writeFile(file(), `${[header, ...lines].join('\n')}\n`)
  const report = await importInvoices(context(), file(), {
    mapping: await loadMapping('generic'),
    partial,
    dryRun,
  })
  const { outcome, rows: counted, changes } = report
  const problems = report.problems.map(({ line, column, reason }) => `${line} ${column} ${reason}`)
  return { outcome, changed: counted.changed, rejected: counted.rejected, changes, problems }
}

const uses = () =>
  inTransaction(connection, { organizationId: organization.id, mode: 'read' }, ({ sql }) =>
    sql<{ text: string }[]>`
      select concat_ws(' ', action, amount, days) as text from authority_use order by action, amount, days`.then(
      (rows) => rows.map(({ text }) => text),
    ),
  )

describe('a file that changes what is governed', () => {
  it('changes what whoever imports decides alone, and no more, added up over rows and files', async () => {
    const bills = ['A', 'B', 'C', 'D', 'E'].map((number) => [number, '2026-07-01', '100.00'] as const)
    expect(await load(bills)).toMatchObject({ outcome: 'IMPORTED', problems: [] })
    const alone = [{ role: 'ADMIN' }] as const
    const others = { approvers: [{ role: 'ADMIN' }], approvals: 1 } as const
    const set = await setAuthorityMatrix(context(), {
      reason: 'Board',
      windowDays: 30,
      expiryDays: 14,
      dryRun: false,
      rules: [
        { action: 'RE_DATE', upToDays: 10, deciders: alone, ...others },
        { action: 'RE_DATE', deciders: [], ...others },
        { action: 'ADJUSTMENT', upTo: '50', deciders: alone, ...others },
        { action: 'ADJUSTMENT', deciders: [], ...others },
      ],
    })
    expect(set).not.toHaveProperty('code')

    const later = [
      ['A', '2026-07-06', '100.00'],
      ['B', '2026-07-20', '100.00'],
      ['C', '2026-06-20', '100.00'],
      ['D', '2026-07-01', '130.00'],
      ['E', '2026-07-01', '60.00'],
    ] as const
    const told = [
      '3 due_on changed from 2026-07-01 to 2026-07-20, which needs an approval: ask for it by reDateInvoice',
      '6 amount changed from 100.00 to 60.00, which needs an approval: ask for it by adjustInvoice',
    ]
    expect(await load(later)).toMatchObject({ outcome: 'REFUSED', rejected: 2, problems: told })
    expect(await load(later, true, true)).toMatchObject({ changed: 3, problems: told })
    expect(await uses()).toEqual([])

    expect(await load(later, true)).toMatchObject({
      outcome: 'PARTLY_IMPORTED',
      changed: 3,
      changes: { reDated: 2, corrected: 1 },
      problems: told,
    })
    expect(await rejected()).toContain('B,2026-06-01,2026-07-20')
    // An earlier date is nobody's favour.
    expect(await uses()).toEqual(['RE_DATE 10000 5', 'ADJUSTMENT 3000'])

    const again = [
      ['A', '2026-07-06', '100.00'],
      ['D', '2026-07-01', '160.00'],
    ] as const
    expect(await load(again)).toMatchObject({
      outcome: 'REFUSED',
      problems: [
        '3 amount changed from 130.00 to 160.00, which needs an approval: ask for it by adjustInvoice',
      ],
    })
  })
})
