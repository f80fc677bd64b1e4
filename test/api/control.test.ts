/** Control tests over real HTTP: what they find in the books, and working papers that stay as they were signed. */
import { createHash } from 'node:crypto'
import { eq } from 'drizzle-orm'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { controlPaper } from '@tidemark/drizzle/tables/control.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { SCOPES } from '@tidemark/server/access/scopes.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { join, type Visitor } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { makeToken } from '../support/tokens.ts'

let server: TestServer
let acme: OrganizationRow
let token: string
let ann: Visitor
/** A token that ann made, so that what it does is hers. */
let hers: string
beforeAll(async () => {
  server = await startTestServer()
  acme = await server.createOrganization({ baseCurrency: 'USD', timeZone: 'UTC' })
  token = await server.createToken(acme)
  ann = await join(server, acme, `ann@${acme.slug}.example`, 'admin')
  const { members } = await ask<{ members: { nodes: { id: string; email: string }[] } }>(
    '{ members { nodes { id email } } }',
  )
  const id = members.nodes.find(({ email }) => email.startsWith('ann@'))?.id.slice('person_'.length)
  hers = (await makeToken(server.connection, acme, { scopes: SCOPES, actor: `member:${id}` })).secret
  await fill()
})
afterAll(() => server.close())

type Answer = Record<string, unknown>

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each test says what it asks for
const ask = <Data>(query: string, variables: Answer = {}, as = token) =>
  execute<Data>(server.url, as, query, variables)

const mutation = (name: string, fields: string): string => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  return `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename
    ... on ${type}Success { ${fields} } ... on Problem { code path message } } }`
}
const mutate = async (name: string, input: Answer, fields = 'dryRun', as = token): Promise<Answer> =>
  (await ask<Record<string, Answer>>(mutation(name, fields), { input }, as))[name] ?? {}
const done = async (name: string, input: Answer, fields = 'dryRun', as = token): Promise<Answer> => {
  const answer = await mutate(name, input, fields, as)
  if (!String(answer['__typename']).endsWith('Success')) throw new Error(JSON.stringify(answer))
  return answer
}
const asAnn = async (name: string, input: Answer, fields = 'dryRun'): Promise<Answer> => {
  const { body } = await ann.post(
    '/graphql',
    { query: mutation(name, fields), variables: { input } },
    { 'x-tidemark-organization': acme.slug },
  )
  return body.data[name]
}

const today = Temporal.Now.plainDateISO('UTC')
const from = today.subtract({ days: 1 }).toString()
const to = today.toString()
const usd = (amount: string) => ({ amount, currency: 'USD' })
const reason = 'Agreed'

const fill = async (): Promise<void> => {
  const issuedOn = today.subtract({ days: 1 }).toString()
  for (const number of ['A', 'B', 'C', 'D'])
    await done('createCustomer', { number, name: `Customer ${number}` })
  for (const [number, amount] of Object.entries({ A: '100', B: '200' }))
    await done('setCreditLimit', { customer: { number }, limit: { amount: usd(amount) }, reason })
  for (const number of ['C', 'D'])
    await done('setCreditLimit', { customer: { number }, limit: { unlimited: true }, reason: '.' })
  await done('recordInvoice', { customer: { number: 'C' }, number: 'I-1', amount: usd('50'), issuedOn })
  // Released by the token that ann made what she placed herself; the other one by two.
  await asAnn('placeCreditHold', { customer: { number: 'A' }, reason: 'Late' })
  await done('setCreditLimit', { customer: { number: 'A' }, limit: { amount: usd('150') }, reason })
  await done('releaseCreditHold', { customer: { number: 'A' }, reason: 'Paid' }, 'dryRun', hers)
  await asAnn('placeCreditHold', { customer: { number: 'B' }, reason: 'Late' })
  await done('releaseCreditHold', { customer: { number: 'B' }, reason: 'Paid' })
  // Within the limit, and over it: once by somebody else than who recorded it, once by the same.
  for (const [number, amount] of Object.entries({ 'O-1': '10', 'O-2': '500', 'O-3': '600' }))
    await done('recordOrder', { customer: { number: 'A' }, number, amount: usd(amount) })
  await done('releaseOrder', { order: { number: 'O-1' } })
  await done(
    'releaseOrder',
    { order: { number: 'O-2' }, override: true, reason: 'Old friend' },
    'dryRun',
    hers,
  )
  await done('releaseOrder', { order: { number: 'O-3' }, override: true, reason: 'Old friend' })
  await done('recordInvoice', { customer: { number: 'A' }, number: 'I-2', amount: usd('40'), issuedOn })
  await done('writeOffInvoice', {
    invoice: { number: 'I-2' },
    amount: usd('5'),
    code: 'BAD_DEBT',
    reason: '0',
  })
  await done('recordCreditNote', { customer: { number: 'A' }, number: 'N-1', amount: usd('3'), issuedOn })
  await done('recordCreditNote', {
    customer: { number: 'A' },
    number: 'N-2',
    amount: usd('4'),
    issuedOn,
    reason: 'Returned goods',
  })
}

type Item = { readonly key: string; readonly what: string; readonly finding: string | null } & Answer
type Run = {
  readonly population: number
  readonly populationDigest: string
  readonly exceptionCount: number
  readonly seed: string
  readonly exceptions: readonly Item[]
  readonly sample: readonly Item[]
}
const RUN = `test { id name } from to seed population populationDigest exceptionCount
  exceptions { key on what by reason finding amount { amount currency } customer { number } auditId }
  sample { key what finding }`
const run = async (id: string, more = ''): Promise<Run> =>
  (
    await ask<{ found: Run }>(
      `{ found: controlTest(id: ${id}, from: "${from}", to: "${to}" ${more}) { ${RUN} } }`,
    )
  ).found
const found = async (id: string) => {
  const { population, exceptions } = await run(id)
  return { population, exceptions: exceptions.map(({ what, finding }) => `${what} | ${finding}`) }
}

describe('what is found', () => {
  it('is told of each test in the catalogue', async () => {
    const { controlTests } = await ask<{ controlTests: Answer[] }>(
      '{ controlTests { id name objective population exception } }',
    )
    expect(controlTests).toHaveLength(13)
    const all = await Promise.all(controlTests.map(({ id }) => run(String(id))))
    expect(all.map(({ population }) => population)).toEqual([5, 5, 5, 5, 3, 2, 1, 0, 2, 0, 2, 2, 0])
  })

  it('has limits without a reason, and limits that were set while the customer was held', async () => {
    expect(await found('LIMITS_WITHOUT_REASON')).toEqual({
      population: 5,
      exceptions: ['Customer C: unlimited | "." is no reason.', 'Customer D: unlimited | "." is no reason.'],
    })
    expect(await found('LIMITS_OUTSIDE_POLICY')).toEqual({
      population: 5,
      exceptions: ['Customer A: a limit of 150.00 USD | The customer was on hold.'],
    })
  })

  it('has limits beyond what the token may set, which was given a ceiling too late', async () => {
    const small = await makeToken(server.connection, acme, { scopes: SCOPES })
    await done(
      'setCreditLimit',
      { customer: { number: 'B' }, limit: { amount: usd('300') }, reason },
      'dryRun',
      small.secret,
    )
    await server.connection.sql`
      update api_token set credit_limit_max = 25000 where organization_id = ${acme.id} and id = ${small.id}`
    expect((await found('LIMITS_ABOVE_AUTHORITY')).exceptions).toEqual([
      'Customer B: a limit of 300.00 USD | The token sets limits up to 250.00 USD.',
    ])
  })

  it('has releases over the limit, and those that were let go by who asked', async () => {
    expect((await found('RELEASES_OVER_LIMIT')).exceptions).toEqual([
      'Order O-2: released, 500.00 USD | The credit did not allow it. Somebody let it go all the same.',
      'Order O-3: released, 600.00 USD | The credit did not allow it. Somebody let it go all the same.',
    ])
    expect((await found('REQUESTER_IS_APPROVER')).exceptions).toEqual([
      'Order O-3: released, 600.00 USD | Who recorded the order let it go.',
    ])
  })

  it('knows who acts through a token of their own', async () => {
    expect((await run('HOLDS_RELEASED_BY_PLACER')).exceptions).toMatchObject([
      {
        what: `Customer A: hold of ${to} released`,
        finding: 'The same person had placed it.',
        customer: { number: 'A' },
        reason: 'Paid',
        auditId: expect.stringMatching(/^audit_/),
      },
    ])
  })

  it('has reductions without a reason, and customers without a limit that nobody trades with', async () => {
    expect((await found('WRITE_OFFS_WITHOUT_REASON')).exceptions).toEqual([
      'Invoice I-2: written off, -5.00 USD, BAD_DEBT | "0" is no reason.',
    ])
    expect((await found('CREDIT_NOTES_WITHOUT_REASON')).exceptions).toHaveLength(1)
    expect((await found('DORMANT_UNLIMITED')).exceptions).toEqual([
      `Customer D: unlimited since ${to} | Nothing was ever billed or ordered by ${to}.`,
    ])
  })

  it('refuses what cannot be tested, and says why', async () => {
    const refused = async (args: string): Promise<string> => {
      const answer = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: `{ controlTest(id: DORMANT_UNLIMITED, ${args}) { population } }` }),
      })
      const { errors } = (await answer.json()) as { errors: { message: string }[] }
      return errors[0]?.message ?? ''
    }
    expect(await refused(`from: "${to}", to: "${from}"`)).toMatch(/^to: .* lies before/)
    expect(await refused(`from: "${to}", to: "${today.add({ days: 1 }).toString()}"`)).toMatch(
      /lies after today/,
    )
    expect(await refused(`from: "2020-01-01", to: "${to}"`)).toMatch(/At most 366 days/)
    expect(await refused(`from: "${from}", to: "${to}", sampleSize: 1001`)).toMatch(/From 0 to 1000 items/)
  })
})

describe('the sample', () => {
  it('is drawn by the seed alone, so that anybody can draw it again', async () => {
    const all = await run('LIMITS_WITHOUT_REASON', 'seed: "s", sampleSize: 1000')
    const rank = (key: string) => createHash('sha256').update(`s:${key}`).digest('hex')
    const ranks = all.sample.map(({ key }) => rank(key))
    expect(all.sample).toHaveLength(all.population)
    expect(ranks).toEqual(ranks.toSorted())
    const two = await run('LIMITS_WITHOUT_REASON', 'seed: "s", sampleSize: 2')
    expect(two.sample).toEqual(all.sample.slice(0, 2))
    const keys = all.sample.map(({ key }) => key).toSorted()
    expect(all.populationDigest).toBe(createHash('sha256').update(keys.join('\n')).digest('hex'))
  })
})

const PAPER = `paper { id version notes conclusion marks { key outcome note } signedAt signedBy { name } digest
  openedBy document csv run { ${RUN} } }`
type Paper = { readonly id: string; readonly version: number; readonly run: Run } & Answer

const open = async (test: string): Promise<Paper> =>
  (await done('openControlPaper', { test, from, to }, PAPER))['paper'] as Paper

describe('a working paper', () => {
  it('is signed once all is said, and then stays as it is', { timeout: 60_000 }, async () => {
    const bo = await join(server, acme, `bo@${acme.slug}.example`, 'auditor')
    const asBo = async (name: string, input: Answer) => {
      const { body } = await bo.post(
        '/graphql',
        { query: mutation(name, PAPER), variables: { input } },
        { 'x-tidemark-organization': acme.slug },
      )
      return body.data[name]
    }
    const paper = await open('WRITE_OFFS_WITHOUT_REASON')
    const seen = { paper: paper.id, expectedVersion: 1 }
    expect(await mutate('signControlPaper', seen)).toMatchObject({
      message: expect.stringMatching(/by a person/),
    })
    expect(await asBo('signControlPaper', seen)).toMatchObject({ message: 'It has no conclusion yet' })
    const [item] = paper.run.sample
    const marks = [{ key: item?.key, outcome: 'FAILED', note: '=HYPERLINK("x")' }]
    expect(
      await mutate('updateControlPaper', { ...seen, marks: [{ key: 'x', outcome: 'PASSED' }] }),
    ).toMatchObject({
      code: 'NOT_FOUND',
      path: ['marks', '0', 'key'],
    })
    const without = { marks: [{ key: item?.key, outcome: 'FAILED' }] }
    expect(await mutate('updateControlPaper', { ...seen, ...without })).toMatchObject({
      path: ['marks', '0', 'note'],
    })
    expect(await asBo('updateControlPaper', { ...seen, conclusion: 'DEFICIENT', marks })).toMatchObject({
      paper: { version: 2, conclusion: 'DEFICIENT', marks },
    })
    const second = { paper: paper.id, expectedVersion: 2 }
    expect(await asBo('signControlPaper', second)).toMatchObject({
      message: expect.stringMatching(/has exceptions/),
    })
    await asBo('updateControlPaper', { ...second, notes: 'One <b>bad</b> reason' })
    expect(await asBo('signControlPaper', second)).toMatchObject({ code: 'CONFLICT' })
    const signed = await asBo('signControlPaper', { paper: paper.id, expectedVersion: 3 })
    expect(signed).toMatchObject({
      paper: {
        signedBy: { name: expect.stringContaining('bo@') },
        digest: expect.stringMatching(/^[\da-f]{64}$/),
        version: 4,
      },
    })
    expect(signed.paper.document).toContain('One &lt;b&gt;bad&lt;/b&gt; reason')
    expect(signed.paper.csv.split('\r\n')[1]).toContain(`"'=HYPERLINK(""x"")"`)
    expect(
      await asBo('updateControlPaper', { paper: paper.id, expectedVersion: 4, notes: 'Never mind' }),
    ).toMatchObject({ message: 'It is signed: nothing of it can be changed any more' })
    // Nor past the product: row-level security hides it from every update.
    const changed = await inTransaction(server.connection, { organizationId: acme.id, mode: 'write' }, (tx) =>
      tx
        .update(controlPaper)
        .set({ notes: 'forged' })
        .where(eq(controlPaper.organizationId, acme.id))
        .returning(),
    )
    expect(changed.map(({ id }) => id)).not.toContain(paper.id.slice('controlPaper_'.length))
  })

  it('is not signed by who did what was drawn', async () => {
    const paper = await open('HOLDS_RELEASED_BY_PLACER')
    const marks = paper.run.sample.map(({ key }) => ({ key, outcome: 'PASSED' }))
    await asAnn('placeCreditHold', { customer: { number: 'D' }, reason: 'Late' })
    await asAnn('releaseCreditHold', { customer: { number: 'D' }, reason: 'Paid' })
    const later = await open('HOLDS_RELEASED_BY_PLACER')
    expect(later.run.population).toBe(paper.run.population + 1)
    const said = { conclusion: 'EFFECTIVE', notes: 'Seen' }
    const all = later.run.sample.map(({ key }) => ({ key, outcome: 'PASSED' }))
    await done('updateControlPaper', { paper: paper.id, expectedVersion: 1, ...said, marks })
    await done('updateControlPaper', { paper: later.id, expectedVersion: 1, ...said, marks: all })
    expect(await asAnn('signControlPaper', { paper: later.id, expectedVersion: 2 })).toMatchObject({
      message: expect.stringMatching(/your own doing/),
    })
  })

  it('is nothing that a token without the right can keep', async () => {
    const reader = await makeToken(server.connection, acme, {
      scopes: ['audit:read', 'schema:read'],
    })
    const answer = ask(
      mutation('openControlPaper', 'dryRun'),
      { input: { test: 'DORMANT_UNLIMITED', from, to } },
      reader.secret,
    )
    await expect(answer).rejects.toThrow(/control:write/)
  })
})
