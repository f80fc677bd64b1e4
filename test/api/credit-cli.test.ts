/** `pnpm tidemark credit`: limits at the command line, as operators and their scripts set them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { setAuthorityMatrix } from '@tidemark/server/approval/matrix.ts'
import { startProcess } from '../support/process.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let folder: string
let acme: OrganizationRow
beforeAll(async () => {
  server = await startTestServer()
  folder = await mkdtemp(join(tmpdir(), 'tidemark-credit-'))
  acme = await server.createOrganization({ slug: 'acme' })
  const organizationId = acme.id
  await inTransaction(server.connection, { organizationId, mode: 'write' }, (tx) =>
    tx.insert(customer).values(
      ['C-1', 'C-2'].map((number) => ({
        organizationId,
        id: crypto.randomUUID(),
        number,
        name: number,
        termsDays: 30,
      })),
    ),
  )
}, 60_000)
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

const credit = (...args: string[]) =>
  startProcess('server/cli/main.ts', ['credit', ...args, '--organization', 'acme'], {
    DATABASE_URL: server.databaseUrl,
  }).ended

const today = Temporal.Now.plainDateISO('UTC')

it('sets, shows and tells the history of a limit', { timeout: 120_000 }, async () => {
  const until = today.add({ days: 9 }).toString()
  const set = (...more: string[]) => credit('set', 'C-1', '--reason', 'Review', ...more)
  expect(await set('--limit', '1500', '--expected-version', '1')).toMatchObject({
    code: 0,
    stderr: '',
    stdout: `${today.toString()} on: 1500.00 USD\n`,
  })
  const tried = await set('--limit', 'unlimited', '--until', until, '--dry-run', '--json')
  expect(JSON.parse(tried.stdout)).toMatchObject({
    previous: { amount: '1500.00' },
    current: { state: 'UNLIMITED' },
    schedule: [{ through: until }, { amount: '1500.00', through: null }],
    version: 3,
    dryRun: true,
  })
  expect(await set('--limit', '2', '--expected-version', '1')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: '--expected-version: Customer C-1 is at version 2 by now\n',
  })
  expect((await set('--limit', '2.005')).stderr).toMatch(/^--limit: 2\.005 is no amount of USD/)
  expect((await credit('show', 'C-1')).stdout).toBe(`${today.toString()} on: 1500.00 USD\nversion 2\n`)
  const history = await credit('history', 'C-1')
  expect(history.stdout).toMatch(/^\S+\tnot set -> 1500\.00 USD\tcommand line\tReview\n$/)
  expect((await credit('show', 'C-9')).stderr).toBe('There is no customer with number C-9.\n')
})

it('imports a file: refused, in part, and in full', { timeout: 120_000 }, async () => {
  const file = join(folder, 'limits.csv')
  const load = (...more: string[]) => credit('import', file, '--reason', 'Review', ...more)
  await writeFile(file, 'customer,limit\nC-2,10\nC-404,5\n')
  const refused = await load()
  expect(refused.code).toBe(1)
  expect(refused.stdout).toContain('line 3, customer: There is no customer with number C-404\n')
  expect(refused.stdout).toContain('Refused, nothing was set: 1 of 2 lines cannot be.')
  const tried = await load('--partial', '--dry-run')
  expect(tried).toMatchObject({ code: 2, stdout: expect.stringContaining('C-2: not set -> 10.00 USD\n') })
  const partly = JSON.parse((await load('--partial', '--json')).stdout) as object
  expect(partly).toMatchObject({ outcome: 'PARTLY_SET', set: 1, refused: 1, rows: [{ row: 2 }, { row: 3 }] })
  await writeFile(file, 'customer,limit\nC-2,10\n')
  expect(await load()).toMatchObject({ code: 0, stdout: '0 set, 1 unchanged, 0 refused.\n' })
  await writeFile(file, Buffer.from([0x63, 0xe9]))
  expect(await load()).toMatchObject({ code: 1, stderr: expect.stringContaining('is not UTF-8 text') })
})

it('tells which request waits for approval, and sets nothing until then', { timeout: 120_000 }, async () => {
  const { connection } = server
  const now = Temporal.Now.instant()
  const rule = { action: 'CREDIT_LIMIT', approvers: [{ role: 'ADMIN' }], approvals: 1 } as const
  const input = { reason: 'Board', windowDays: 30, expiryDays: 14, dryRun: false }
  await setAuthorityMatrix(
    { connection, organization: acme, actor: 'terminal', now, posted: () => {} },
    {
      ...input,
      rules: [
        { ...rule, upTo: '2000', deciders: [{ role: 'ADMIN' }] },
        { ...rule, deciders: [] },
      ],
    },
  )
  const set = (...more: string[]) => credit('set', 'C-2', '--reason', 'Review', '--limit', '2500', ...more)
  expect(await set('--dry-run')).toMatchObject({ code: 2, stdout: 'Dry run: it would need approval.\n' })
  expect(await set()).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/^It waits for approval: approvalRequest_[\da-f-]{36}\.\n$/),
  })
  const file = join(folder, 'above.csv')
  await writeFile(file, 'customer,limit\nC-1,1600\nC-2,2500\n')
  const partly = await credit('import', file, '--reason', 'Review', '--partial')
  expect(partly.code).toBe(2)
  expect(partly.stdout).toContain('C-1: 1500.00 USD -> 1600.00 USD')
  expect(partly.stdout).toContain('C-2: 10.00 USD -> 2500.00 USD')
  expect(partly.stdout).toMatch(/waits for approval\n1 set, 0 unchanged, 0 refused, 1 wait for approval\.\n$/)
  expect((await credit('show', 'C-2')).stdout).toContain('10.00 USD')
})
