/** Files of nonsense: an import tells what is wrong with them, in words for people, and the books stay sound. */
import * as fc from 'fast-check'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { CommandContext } from '@tidemark/server/command.ts'
import { importInvoices } from '@tidemark/server/imports/commands.ts'
import { loadMapping, type Mapping } from '@tidemark/server/imports/mapping.ts'
import { importRates } from '@tidemark/server/imports/rates.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { type DatabaseErrors, watchErrors } from '../support/database-log.ts'
import { LEAK, slipsOf } from '../support/fuzz.ts'
import { full } from '../support/scale.ts'
import { expectSoundBooks } from '../support/sound-books.ts'

const TIMEOUT_MS = full(1_200_000, 60_000)

let database: TestDatabase
let connection: Connection
let context: CommandContext
let mapping: Mapping
let folder: string
let errors: DatabaseErrors
beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: 3 })
  errors = await watchErrors(connection)
  const input = { slug: 'fuzz', name: 'Fuzz', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
  const organization = await createOrganization(connection, input, 'test')
  if (isProblem(organization)) throw new Error(organization.message)
  const now = Temporal.Instant.from('2026-06-30T12:00:00Z')
  context = { connection, organization, actor: 'test', now, posted: () => {} }
  mapping = await loadMapping('generic')
  folder = await mkdtemp(join(tmpdir(), 'tidemark-import-fuzz-'))
})
afterAll(async () => {
  await connection.close()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

const INVOICES = [
  'customer_number,customer_name,invoice_number,issued_on,due_on,amount,currency,settled_on,disputed,region',
  'C-1,Ada & Söhne,I-1,2026-01-05,2026-02-04,1250.00,USD,2026-02-10,no,North',
  'C-1,Ada & Söhne,I-2,2026-02-05,2026-03-07,99.95,USD,,yes,North',
  '"C,2","Ben ""B"" Ltd",I-3,2026-03-05,,1000,USD,,no,"a\nb"',
  'C-3,Cleo,I-4,2026-04-05,2026-05-05,7.5,USD,2026-04-01,,',
  '',
].join('\n')
const RATES = 'currency,date,rate\nEUR,2026-06-01,1.0812\nJPY,2026-06-01,0.0067\nCHF,2026-06-02,1.12\n'

/** Null where the file was taken or refused in words; else what went wrong. */
const attempt = async (contents: string | Uint8Array, run: (path: string) => Promise<unknown>) => {
  const path = join(folder, 'fuzz.csv')
  await writeFile(path, contents)
  try {
    const told = JSON.stringify(await run(path), (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    ).replaceAll(folder, '')
    const leak = LEAK.exec(told)?.[0]
    return leak === undefined || String(contents).includes(leak) ? null : `tells ${leak}: ${told}`
  } catch (error) {
    return error instanceof OperatorError ? null : String(error)
  }
}

const failureOf = async (
  text: string,
  run: (path: string, index: number) => Promise<unknown>,
  runs: number,
) => {
  let index = 0
  const contents = fc.oneof(
    { weight: 8, arbitrary: slipsOf(text) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    { weight: 1, arbitrary: slipsOf(text).map((slipped) => Buffer.from(slipped, 'utf16le')) },
  )
  const property = fc.asyncProperty(contents, async (one) => {
    const found = await attempt(one, (path) => run(path, index++))
    if (found !== null) throw new Error(found)
  })
  const result = await fc.check(property, { numRuns: runs })
  return result.failed ? fc.defaultReportMessage(result) : null
}

describe('a file of nonsense', { timeout: TIMEOUT_MS }, () => {
  it('of invoices is refused in words, or taken for what it says', async () => {
    const run = (path: string, index: number) =>
      importInvoices(context, path, { mapping, partial: index % 2 === 0, dryRun: index % 3 !== 0 })
    expect(await failureOf(INVOICES, run, full(5_000, 150))).toBeNull()
  })

  it('of rates is refused in words, or taken for what it says', async () => {
    const run = (path: string, index: number) => importRates(context, path, { dryRun: index % 3 !== 0 })
    expect(await failureOf(RATES, run, full(2_000, 80))).toBeNull()
  })

  it('leaves sound books, and no wrong statement in the log of PostgreSQL', async () => {
    await expectSoundBooks(connection, context.organization.id)
    expect((await errors.read()).filter((found) => /^(42|XX|22|54)/.test(found))).toEqual([])
  })
})
