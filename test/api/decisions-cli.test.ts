/** `pnpm tidemark approvals`, `credit applications` and `plan`: what is decided and planned at the command line. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openApprovalBooks, type Actor, type ApprovalBooks } from '../support/approvals.ts'
import { startProcess } from '../support/process.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let folder: string
let books: ApprovalBooks
let manager: Actor
beforeAll(async () => {
  server = await startTestServer()
  folder = await mkdtemp(join(tmpdir(), 'tidemark-decisions-'))
  books = await openApprovalBooks(server)
  await books.addCustomers(2)
  manager = await books.addPerson('manager')
  const rule = { action: 'CREDIT_LIMIT', approvers: [{ role: 'ADMIN' }] }
  await books.setMatrix([{ ...rule, upTo: '1000', deciders: [{ anyone: true }] }, rule])
}, 60_000)
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

const cli = (...args: string[]) =>
  startProcess('server/cli/main.ts', [...args, '--organization', books.organization.slug], {
    DATABASE_URL: server.databaseUrl,
  }).ended
const json = async (...args: string[]): Promise<unknown> =>
  JSON.parse((await cli(...args, '--json')).stdout) as unknown
const fileOf = async (name: string, text: string): Promise<string> => {
  const file = join(folder, name)
  await writeFile(file, text)
  return file
}
const today = Temporal.Now.plainDateISO('UTC')
const slow = { timeout: 180_000 }

/** A limit above the authority of a manager; the id of the request. */
const askFor = async (number: string, amount: string): Promise<string> => {
  const asked = await books.send(manager, 'setCreditLimit', {
    customer: { number },
    limit: { amount: { amount, currency: 'USD' } },
    reason: 'A large project',
  })
  return String(asked['requestId'])
}

it('lists, shows, comments on and approves what somebody else asked for', slow, async () => {
  const { customers } = await books.ask<{ customers: { nodes: { number: string }[] } }>(
    manager,
    '{ customers(first: 2) { nodes { number } } }',
  )
  const [one = '', two = ''] = customers.nodes.map(({ number }) => number)
  const id = await askFor(one, '5000')
  const listed = await cli('approvals', 'list')
  expect(listed).toMatchObject({ code: 0, stderr: '' })
  expect(listed.stdout).toMatch(new RegExp(`^${id}\\tpending\\t.*Raise the credit limit.*5000\\.00 USD`))
  expect(await cli('approvals', 'comment', id, '--comment', 'Insured?')).toMatchObject({
    code: 0,
    stdout: 'It is said.\n',
  })
  const shown = (await cli('approvals', 'show', id)).stdout
  expect(shown).toContain(`  ${one}: `)
  expect(shown).toContain('needs 1 of admin\n')
  expect(shown).toContain('\tcommand line\tcommented\tInsured?\n')
  expect(await cli('approvals', 'approve', id, '--dry-run')).toMatchObject({
    code: 0,
    stdout: 'Dry run, nothing was written. The approval would say: It is approved and carried out.\n',
  })
  expect(await json('approvals', 'list')).toMatchObject([{ id, state: 'PENDING', stepCount: 1 }])
  expect(await cli('approvals', 'approve', id, '--expected-version', '9')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^--expected-version: The request is at version 1 by now/),
  })
  expect(await json('approvals', 'approve', id)).toMatchObject({ state: 'APPROVED', failure: null })
  expect((await cli('credit', 'show', one)).stdout).toContain('5000.00 USD')
  expect((await cli('approvals', 'list')).stdout).toBe('There is no such request.\n')
  const next = await askFor(two, '7000')
  expect(await cli('approvals', 'reject', next, '--comment', 'No')).toMatchObject({
    code: 0,
    stdout: 'It is rejected.\n',
  })
  expect(await json('approvals', 'list', '--state', 'rejected', '--state', 'approved')).toMatchObject([
    { id: next, state: 'REJECTED' },
    { id, state: 'APPROVED' },
  ])
  expect((await cli('approvals', 'approve', next)).stderr).toMatch(/^request: It is decided already/)
  expect((await cli('approvals', 'list', '--state', 'sleeping')).stderr).toContain('Write one of pending')
  expect((await cli('approvals', 'show', 'approvalRequest_none')).stderr).toBe(
    'There is no request with id approvalRequest_none.\n',
  )
})

it('does not approve what was asked for at the command line, and says who may', slow, async () => {
  const rule = { action: 'CREDIT_LIMIT', approvers: [{ role: 'ADMIN' }] }
  await books.setMatrix([
    { ...rule, upTo: '1000', deciders: [{ role: 'MANAGER' }] },
    { ...rule, deciders: [] },
  ])
  const { customers } = await books.ask<{ customers: { nodes: { number: string }[] } }>(
    manager,
    '{ customers(first: 1) { nodes { number } } }',
  )
  const number = customers.nodes[0]?.number ?? ''
  const asked = await json('credit', 'set', number, '--limit', '90000', '--reason', 'Growth')
  const { requestId } = asked as { requestId: string }
  const refused = await cli('approvals', 'approve', requestId)
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toMatch(/^request: Nobody can approve what they asked for themselves\. .*dashboard/)
  expect(await cli('approvals', 'withdraw', requestId)).toMatchObject({
    code: 0,
    stdout: 'It is taken back.\n',
  })
  expect(await json('approvals', 'list', '--state', 'withdrawn')).toMatchObject([{ id: requestId }])
})

const application = {
  legalName: 'Harbour Works Ltd',
  registrationNumber: 'HW-1',
  address: '1 Quay',
  contactName: 'Jo',
  contactEmail: 'jo@example.com',
  foundedOn: '2001-02-03',
  annualRevenue: { amount: '900000', currency: 'USD' },
  requestedLimit: { amount: '800', currency: 'USD' },
  requestedTermsDays: 30,
  references: [
    { kind: 'BANK', name: 'First Bank', contact: 'desk@bank.example', experience: 'POSITIVE' },
    { kind: 'TRADE', name: 'Rope & Co', contact: 'a@rope.example', experience: 'POSITIVE' },
    { kind: 'TRADE', name: 'Sail & Co', contact: 'b@sail.example', experience: 'MIXED' },
    { kind: 'TRADE', name: 'Tar & Co', contact: 'c@tar.example', experience: 'POSITIVE' },
  ],
}

it('submits an application out of a file, and decides on it', slow, async () => {
  const submit = (file: string, ...more: string[]) => cli('credit', 'applications', 'submit', file, ...more)
  const unknown = await fileOf('unknown.json', JSON.stringify({ ...application, colour: 'red' }))
  expect((await submit(unknown)).stderr).toMatch(/unknown\.json: Field "colour" is not defined/)
  expect((await submit(await fileOf('no.json', '{'))).stderr).toMatch(/no\.json is no JSON/)
  const poor = await fileOf('poor.json', JSON.stringify({ ...application, legalName: ' ', references: [] }))
  const refused = await submit(poor)
  expect(refused.code).toBe(1)
  expect(refused.stdout).toContain('legalName: It is missing\n')
  expect(refused.stdout).toContain('Refused, nothing was kept.')
  const file = await fileOf('whole.json', JSON.stringify(application))
  const tried = await submit(file, '--dry-run')
  expect(tried).toMatchObject({ code: 0, stderr: '' })
  expect(tried.stdout).toMatch(/^Dry run, nothing was written\. The application is complete\.\nscore \d/)
  expect((await cli('credit', 'applications', 'list')).stdout).toBe('There is no such application.\n')
  const { id } = JSON.parse((await submit(file, '--json')).stdout) as { id: string }
  expect((await cli('credit', 'applications', 'list', '--status', 'submitted')).stdout).toMatch(
    new RegExp(`^${id}\\tsubmitted\\t\\S+\\t800\\.00 USD\\tscore \\d.*\\tHarbour Works Ltd\\n$`),
  )
  const decide = (...more: string[]) =>
    cli('credit', 'applications', 'decide', id, '--reason', 'Sound', ...more)
  expect((await decide()).stderr).toBe('Say either --decline, or --limit with what is granted.\n')
  const { customers } = await books.ask<{ customers: { nodes: { number: string }[] } }>(
    manager,
    '{ customers(first: 2) { nodes { number } } }',
  )
  const number = customers.nodes[1]?.number ?? ''
  const review = today.add({ years: 1 }).toString()
  const grant = ['--limit', '600', '--terms-days', '20', '--next-review-on', review, '--customer', number]
  expect(await decide(...grant.slice(0, 4))).toMatchObject({ code: 1, stdout: '' })
  expect((await decide('--limit', '6.001', ...grant.slice(2))).stderr).toMatch(/^--limit: /)
  // The rules of the test before leave nothing to the command line.
  expect(await decide(...grant, '--dry-run')).toMatchObject({
    code: 2,
    stdout: 'Dry run: it would need approval.\n',
  })
  const rule = { action: 'CREDIT_LIMIT', approvers: [{ role: 'ADMIN' }] }
  await books.setMatrix([{ ...rule, upTo: '1000', deciders: [{ anyone: true }] }, rule])
  expect(await decide(...grant, '--reason', 'Known for years')).toMatchObject({
    code: 0,
    stdout: 'approved-in-part, version 2\n',
    stderr: '',
  })
  const shown = (await cli('credit', 'applications', 'show', id)).stdout
  expect(shown).toContain(`Harbour Works Ltd, customer ${number}\napproved-in-part, version 2\n`)
  expect(shown).toContain(': 600.00 USD at 20 days\n  Sound\n  Known for years\n')
  expect((await cli('credit', 'show', number)).stdout).toContain('600.00 USD')
})

it('imports a plan of sales, refused or recorded as a whole, and shows what it takes', slow, async () => {
  const month = today.toPlainYearMonth().toString()
  const load = (file: string, ...more: string[]) => cli('plan', 'import', file, '--reason', 'Budget', ...more)
  const bad = await fileOf('bad.csv', `month,planned,terms_days\n${month},abc,30\nsoon,5,30\n`)
  const refused = await load(bad)
  expect(refused).toMatchObject({ code: 1, stderr: '' })
  expect(refused.stdout).toContain('line 2, planned: "abc" is no amount of USD')
  expect(refused.stdout).toContain('line 3, month: "soon" is no month')
  expect(refused.stdout).toContain('Refused, nothing was recorded.')
  const csv = `month,channel,product_line,planned,colour\n${month},Direct,Tools,90000.00,red\n${month},Direct,Paint,10000,blue\n`
  const good = await fileOf('good.csv', csv)
  expect((await load(good)).stdout).toMatch(/termsDays|terms_days/)
  const terms = ['--terms-days', '30']
  expect(await load(good, ...terms, '--dry-run')).toMatchObject({
    code: 0,
    stdout:
      'Columns not used: colour\nDry run, nothing was written. The import would say: 2 recorded, 0 unchanged.\n',
  })
  expect((await cli('plan', 'show', '--months', '1')).stdout).toBe(`${month}: nothing planned\n`)
  expect((await load(good, ...terms)).stdout).toMatch(/2 recorded, 0 unchanged\.\n$/)
  expect((await load(good, ...terms)).stdout).toMatch(/0 recorded, 2 unchanged\.\n$/)
  const shown = (await cli('plan', 'show', '--from', month, '--months', '1')).stdout
  expect(shown).toMatch(new RegExp(`^${month}: 100000\\.00 USD planned, \\S+ USD of credit lines needed, `))
  expect(shown).toContain('\n  Direct, all regions: 100000.00 USD planned, ')
  expect(shown).toContain('\n    Tools: 90000.00 USD planned, ')
  const plan = (await json('plan', 'show', '--months', '1')) as { needed: { amount: string } }[]
  const days = today.daysInMonth
  expect(Number(plan[0]?.needed.amount)).toBeCloseTo((100_000 * 30) / days, 1)
  expect((await cli('plan', 'show', '--from', 'soon')).stderr).toContain('Write a month such as 2027-01.')
  expect((await cli('plan', 'show', '--months', '99')).stderr).toContain('months must be from 1 to 24')
})
