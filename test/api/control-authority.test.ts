/** Control tests against the authority matrix: what was decided within it is no exception, and what went past it is found. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Actor, type ApprovalBooks, limitOf, openApprovalBooks } from '../support/approvals.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let books: ApprovalBooks
let clerk: Actor
let manager: Actor
let auditor: Actor
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(async () => {
  books = await openApprovalBooks(server)
  await books.addCustomers(3)
  clerk = await books.addPerson('credit_manager')
  manager = await books.addPerson('manager')
  auditor = await books.addPerson('auditor')
  const role = (name: string) => ({ role: name })
  await books.setMatrix([
    {
      action: 'CREDIT_LIMIT',
      upTo: '1000',
      deciders: [role('CREDIT_MANAGER')],
      approvers: [role('MANAGER')],
    },
    { action: 'CREDIT_LIMIT', deciders: [], approvers: [role('MANAGER')] },
  ])
})

const found = async (test: string): Promise<{ population: number; findings: string[] }> => {
  const day = Temporal.Now.plainDateISO('UTC')
  const { controlTest } = await books.ask<{
    controlTest: { population: number; exceptions: { what: string; finding: string }[] }
  }>(
    auditor,
    `{ controlTest(id: ${test}, from: "${day.subtract({ days: 1 }).toString()}", to: "${day.toString()}") {
      population exceptions { what finding } } }`,
  )
  const findings = controlTest.exceptions.map(({ what, finding }) => `${what}: ${finding}`)
  return { population: controlTest.population, findings }
}

/** One within the clerk's authority, one that the manager approved. */
const work = async (): Promise<void> => {
  expect(await books.send(clerk, 'setCreditLimit', limitOf('C-1', '900'))).toMatchObject({
    __typename: 'SetCreditLimitSuccess',
  })
  const asked = await books.send(clerk, 'setCreditLimit', limitOf('C-2', '5000'))
  const approved = { request: asked['requestId'] }
  expect(await books.send(manager, 'approveRequest', approved, 'state')).toMatchObject({ state: 'APPROVED' })
}

it('finds nothing where the matrix was kept', { timeout: 60_000 }, async () => {
  await work()
  expect(await found('LIMITS_ABOVE_AUTHORITY')).toEqual({ population: 2, findings: [] })
  expect(await found('REQUESTER_IS_APPROVER')).toEqual({ population: 1, findings: [] })
})

it('finds what went past the matrix, and what lost its approval', { timeout: 60_000 }, async () => {
  await work()
  const { id } = books.organization
  const { sql } = server.connection
  await sql`
    delete from authority_use where organization_id = ${id} and request_id is null`
  await sql`
    update audit set after = after - 'approval' where organization_id = ${id} and after ? 'approval'`
  expect(await found('LIMITS_ABOVE_AUTHORITY')).toEqual({
    population: 2,
    findings: [
      'Customer C-1: a limit of 900.00 USD: It went past the authority matrix: nothing counted it.',
      'Customer C-2: a limit of 5000.00 USD: The authority matrix (version 1) wants an approval, and there is none.',
    ],
  })
})

it(
  'finds who approved what they had asked for, through a token of their own too',
  { timeout: 60_000 },
  async () => {
    await work()
    const { tokenId } = await books.addToken(clerk)
    await server.connection.sql`
    update approval_event set actor = ${`token:${tokenId}`}
    where organization_id = ${books.organization.id} and kind = 'APPROVED'`
    expect((await found('REQUESTER_IS_APPROVER')).findings).toEqual([
      expect.stringMatching(
        /^Customer C-2: approved setCreditLimit to 5000.00 USD.*: Who asked for it approved it\.$/,
      ),
    ])
  },
)

it(
  'finds small steps that together go beyond authority, whatever was counted',
  { timeout: 60_000 },
  async () => {
    const set = async (customer: string, amount: string) =>
      (await books.send(clerk, 'setCreditLimit', limitOf(customer, amount))).__typename
    const uncounted = () => server.connection.sql`
    delete from authority_use where organization_id = ${books.organization.id}`
    expect(await set('C-1', '600')).toBe('SetCreditLimitSuccess')
    expect(await set('C-1', '1001')).toBe('ApprovalRequested')
    expect(await set('C-1', '1000')).toBe('SetCreditLimitSuccess')
    expect(await found('LIMITS_IN_SMALL_STEPS')).toEqual({ population: 2, findings: [] })
    await uncounted()
    // 400 more of the same customer; then of another, which is too much for the person.
    expect(await set('C-1', '1400')).toBe('SetCreditLimitSuccess')
    await uncounted()
    expect(await set('C-2', '10')).toBe('SetCreditLimitSuccess')
    const told = (customer: string, person: string) =>
      `In the 30 days before, ${customer} USD were decided alone for the customer and ${person} USD by the same person: together the authority matrix (version 1) wants an approval, and there is none.`
    expect((await found('LIMITS_IN_SMALL_STEPS')).findings).toEqual([
      `Customer C-1: a limit of 1400.00 USD: ${told('1000.00', '1000.00')}`,
      `Customer C-2: a limit of 10.00 USD: ${told('0.00', '1400.00')}`,
    ])
    // What was long ago does not count any more.
    await server.connection.sql`
    update audit set recorded_at = recorded_at - interval '31 days'
    where organization_id = ${books.organization.id} and action = 'setCreditLimit' and after->>'amount' <> '10.00'`
    expect(await found('LIMITS_IN_SMALL_STEPS')).toEqual({ population: 1, findings: [] })
  },
)

it('finds no small steps in what was approved', { timeout: 60_000 }, async () => {
  await work()
  expect(await found('LIMITS_IN_SMALL_STEPS')).toEqual({ population: 2, findings: [] })
})
